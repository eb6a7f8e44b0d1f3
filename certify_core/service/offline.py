"""Health checks without a service: why it does not run, and all that needs neither store nor engine."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from certify_core.contracts import HealthCheck, PluginContext
from certify_core.domain.finding import Finding, Severity
from certify_core.errors import LocalFault
from certify_core.health.check import NothingToFix
from certify_core.health.checkup import Checkup
from certify_core.health.disk import DiskCheck
from certify_core.health.installation import InstallationCheck
from certify_core.health.permissions import PermissionsCheck
from certify_core.health.plugin_records import PluginsCheck
from certify_core.plugins import Plugins
from certify_core.service.checks import ConfigurationCheck
from certify_core.service.config import read_configuration
from certify_core.service.listen import bind
from certify_core.service.lock import DataFolderLock
from certify_core.service.ports import describe_holder, is_taken

_LAST_BYTES = 20_000


def offline_checkup(data_dir: Path, reason: str) -> Checkup:
    """Return the checks that can be made beside a service, or without one; `reason` is why it was of no help."""
    first: list[HealthCheck] = [ServiceCheck(data_dir, reason), InstallationCheck(data_dir)]
    if not data_dir.is_dir():
        return Checkup(first)
    logging.getLogger().addHandler(logging.NullHandler())  # what plugins log is a finding here
    configuration = read_configuration(data_dir)
    plugins = Plugins.load(PluginContext(data_dir, configuration.settings))
    return Checkup(
        [
            *first,
            ConfigurationCheck(data_dir, lambda: None),
            PortCheck(data_dir),
            PermissionsCheck(data_dir),
            DiskCheck(data_dir),
            PluginsCheck(plugins),
            *plugins.health_checks,
        ]
    )


class ServiceCheck(NothingToFix):
    """Says whether a service has the data folder, and why it does not run or answer."""

    name = "service"
    title = "The service"

    def __init__(self, data_dir: Path, reason: str) -> None:
        self._data_dir = data_dir
        self._reason = reason

    def run(self) -> list[Finding]:
        """Look at the lock and the log."""
        if not self._data_dir.is_dir():
            remedy = "Start it (`certify serve`), or name its data folder with --data-dir."
            return [self._found("never-ran", f"No service has run with {self._data_dir}.", "", remedy)]
        if not os.access(self._data_dir, os.X_OK):
            what = "Whether the service runs cannot be seen: its data folder is closed to you."
            remedy = "Run this as root or as the service's account, or with an operator's token in CERTIFY_TOKEN."
            return [self._found("service-unseen", what, self._reason, remedy)]
        last = _last_error(self._data_dir / "logs" / "service.exceptions.log")
        if pid := DataFolderLock(self._data_dir).holder():
            remedy = "See logs/session.log in the data folder; if there is nothing new in it, restart the service."
            what = f"The service runs (pid {pid}), and its API is of no help."
            return [self._found("service-silent", what, f"{self._reason} {last}".strip(), remedy)]
        remedy = "Start it: certify service start, or certify serve."
        return [self._found("service-not-running", "The service does not run.", last, remedy)]

    def _found(self, code: str, what: str, evidence: str, remedy: str) -> Finding:
        return Finding(code, Severity.ERROR, what, evidence, remedy, subject=str(self._data_dir))


class PortCheck(NothingToFix):
    """Says who holds the API's port while the service does not listen on it."""

    name = "port"
    title = "The API's port"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def run(self) -> list[Finding]:
        """Try to listen."""
        configuration = read_configuration(self._data_dir)
        host, port = configuration.config.host, configuration.config.port
        try:
            for listener in bind(host, port):
                listener.close()
        except LocalFault as error:
            return [self._held(host, port, configuration.may_move) if is_taken(error) else _refused(error, port)]
        return [Finding("port", Severity.OK, f"Port {port} on {host} is free for the API.", subject=str(port))]

    def _held(self, host: str, port: int, may_move: bool) -> Finding:
        remedy = (
            "Nothing has to be done: the service moves to the next free port. Or stop that program."
            if may_move
            else "Stop that program, choose another port (certify config set port 9697), or allow the service to move "
            "(certify config set enableAutoPortNegotiation true)."
        )
        return Finding(
            code="port-held",
            severity=Severity.NOTE if may_move else Severity.ERROR,
            what=f"Port {port}, where the API should be, is taken.",
            evidence=f"By {describe_holder(host, port)}.",
            remedy=remedy,
            subject=str(port),
        )


def _refused(error: LocalFault, port: int) -> Finding:
    return Finding("port-refused", Severity.ERROR, error.cause, "", error.remedy, subject=str(port))


def _last_error(log: Path) -> str:
    """Return the last line of the log of errors that is no part of a trace."""
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - _LAST_BYTES, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    told = [line for line in lines if " ERROR " in line]
    return f"It last logged: {told[-1]}" if told else ""
