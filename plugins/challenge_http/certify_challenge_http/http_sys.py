"""Answers challenges on a port of Windows' HTTP service (http.sys), beside IIS and whoever else shares the port.

Only the challenges' path is ours (see `prefix`); the prefix that matches more of a path gets the request.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from certify_challenge_http import httpapi
from certify_challenge_http.http_sys_refusals import refusal, service_off
from certify_challenge_http.message import PREFIX, Find, answer
from certify_challenge_http.request_queue import Refused, RequestQueue
from certify_core.api import LocalFault

THREADS = 4
"""How many requests are answered at once; answering one takes less than a millisecond, and waits for nobody."""
_JOIN = 0.05
_PAUSE = 1.0
"""Seconds before the next try when http.sys gives us no request for a reason of its own."""
_CLIENT_GONE = {httpapi.CONNECTION_INVALID, httpapi.OPERATION_ABORTED}
_log = logging.getLogger(__name__)


def prefix(port: int) -> str:
    """Return the URL prefix that is ours: all names and addresses, one port, the path of RFC 8555 section 8.3."""
    return f"http://+:{port}{PREFIX.decode()}"


class HttpSysServer:
    """Serves from when it is made until `close`."""

    def __init__(self, port: int, find: Find, load: Callable[[], Any] = httpapi.load) -> None:
        """Register the prefix.

        Raises:
            LocalFault: it cannot be had; `HttpSysRefused` where http.sys does not let us.
        """
        self._find = find
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        try:
            self._queue = RequestQueue(prefix(port), load())
        except Refused as refused:
            raise refusal(port, prefix(port), refused, load) from refused
        except OSError as error:
            raise service_off(str(error)) from error
        try:
            self._start()
        except RuntimeError as error:
            self.close()
            raise LocalFault(f"Port {port} cannot be served: {error}.", "End other programs, or restart.") from error

    def close(self) -> None:
        """Give the prefix back."""
        self._closing.set()
        for thread in self._threads:
            while thread.is_alive():
                self._queue.cancel()  # again, as the thread may not have been waiting yet
                thread.join(_JOIN)
        self._queue.close()

    def _start(self) -> None:
        for _ in range(THREADS):
            thread = threading.Thread(target=self._serve, name="http.sys", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                request = self._queue.receive()
                self._queue.send(request.id, answer(request.method, request.target, self._find))
            except Refused as refused:
                if refused.code in _CLIENT_GONE:
                    continue
                _log.warning("http.sys hands over no challenge requests: %s", refused)
                self._closing.wait(_PAUSE)
