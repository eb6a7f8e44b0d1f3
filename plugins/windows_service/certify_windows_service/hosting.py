"""The process that Windows starts as a service: it reports how the service is doing, and hears when it has to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from certify_core.api import Hosted
from certify_windows_service.pywin32 import service_framework, servicemanager, win32service

STOP_MILLISECONDS = 20_000
"""So long Windows waits after it was told that we are stopping."""
FAILED = 1066
"""ERROR_SERVICE_SPECIFIC_ERROR: Windows counts it as a failure, and restarts the service."""

HOSTED = threading.Event()
"""Set in a process that is a service."""

_log = logging.getLogger(__name__)


def dispatch(name: str, opened: Callable[[], Hosted]) -> None:
    """Hand this thread to Windows until the service has stopped.

    Windows wants to hear from a new process within seconds, so the service is opened only then.
    """
    process = servicemanager()
    process.Initialize(name, None)
    process.PrepareToHostSingle(_service_class(name, opened))
    HOSTED.set()
    process.StartServiceCtrlDispatcher()


def _service_class(name: str, opened: Callable[[], Hosted]) -> type:
    """Return the class that pywin32 makes the one service of."""
    states, log = win32service(), servicemanager().LogErrorMsg

    class Service(service_framework()):  # type: ignore[misc]
        _svc_name_ = name

        def __init__(self, arguments: Any) -> None:
            super().__init__(arguments)
            self._hosted: Hosted | None = None
            self._is_stopping = False

        def SvcDoRun(self) -> None:  # noqa: N802 - pywin32's name
            """Work until Windows says stop; whatever ends it otherwise is a failure that Windows hears of."""
            try:
                self._hosted = opened()
                if not self._is_stopping:
                    self._hosted.run()
            except BaseException as error:
                _log.exception("The service ends")
                log(f"Certify cannot run: {error}")
                self.ReportServiceStatus(states.SERVICE_STOPPED, win32ExitCode=FAILED, svcExitCode=1)
                raise

        def SvcStop(self) -> None:  # noqa: N802 - pywin32's name
            """Stop; also when Windows shuts down."""
            self.ReportServiceStatus(states.SERVICE_STOP_PENDING, waitHint=STOP_MILLISECONDS)
            self._is_stopping = True
            if self._hosted is not None:
                self._hosted.stop()

        SvcShutdown = SvcStop

    return Service
