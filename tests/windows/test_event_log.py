"""What the service warns of is handed to Windows' event log; Wine takes entries and keeps none of them."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from certify_core.api import LocalFault, PluginContext
from certify_core.plugins import Plugins
from certify_windows_service.event_log import LONGEST, EventLog
from certify_windows_service.event_log_selftest import write_event
from certify_windows_service.hosting import HOSTED
from certify_windows_service.pywin32 import servicemanager

if sys.platform == "win32":

    class Watched:
        """Windows' own calls, and what they were given; what Windows refuses is raised and not noted."""

        def __init__(self) -> None:
            self.taken: list[tuple[str, str]] = []

        def LogErrorMsg(self, text: str) -> None:  # noqa: N802 - pywin32's name
            servicemanager().LogErrorMsg(text)
            self.taken.append(("error", text))

        def LogWarningMsg(self, text: str) -> None:  # noqa: N802 - pywin32's name
            servicemanager().LogWarningMsg(text)
            self.taken.append(("warning", text))

    @pytest.fixture
    def windows() -> Watched:
        return Watched()

    @pytest.fixture
    def log(windows: Watched, monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
        handler = EventLog()
        monkeypatch.setattr(handler, "_service", windows)
        logger = logging.Logger("certify_core.engine")
        logger.addHandler(handler)
        return logger

    def test_a_warning_and_an_error_are_taken_as_what_they_are(log: logging.Logger, windows: Watched) -> None:
        log.warning("Port %d is taken", 80)
        log.error("No backup was made")
        assert windows.taken == [("warning", "Port 80 is taken"), ("error", "No backup was made")]

    def test_an_entry_is_no_longer_than_windows_takes(log: logging.Logger, windows: Watched) -> None:
        log.error("x" * (LONGEST + 1))
        assert windows.taken == [("error", "x" * LONGEST)]

    def test_a_log_that_takes_nothing_keeps_nobody_from_working(
        log: logging.Logger, windows: Watched, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(windows, "LogErrorMsg", None)
        log.error("Nobody hears this")
        assert windows.taken == []

    @pytest.mark.parametrize(("hosted", "handlers"), [(True, ["windows-event-log"]), (False, [])])
    def test_it_is_for_a_process_that_windows_runs_as_a_service(
        hosted: bool, handlers: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(HOSTED, "is_set", lambda: hosted)
        offered = Plugins.load(PluginContext(tmp_path)).log_handlers
        assert [handler.get_name() for handler in offered] == handlers

    def test_an_entry_that_is_not_found_again_is_told() -> None:
        """As under Wine; all before that went well."""
        with pytest.raises(LocalFault, match="Windows kept no entry of it"):
            write_event()
