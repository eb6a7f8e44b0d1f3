"""Health checks of the service itself: whether it could start, its configuration files, and whether its API answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from certify_core.domain.finding import Finding, Severity
from certify_core.errors import InvalidInput, LocalFault
from certify_core.files import set_aside
from certify_core.health.check import NothingToFix
from certify_core.service.config import Configuration, read_configuration
from certify_core.service.config_file import FILE as CONFIG_FILE
from certify_core.service.config_file import read_config_file
from certify_core.service.recognition import Kind, who_answers
from certify_core.service.servers import FILE as SERVERS_FILE
from certify_core.service.servers import Server, read_server, write_servers


@dataclass(slots=True)
class ServiceState:
    """How the service is doing: its host writes it, the checks read it."""

    configuration: Configuration
    start_failure: LocalFault | None = None
    """Why nothing is renewed; None if all is well."""
    server: Server | None = None
    """Where the API is offered; None while it is not."""
    addresses: Sequence[str] = ()
    """The addresses on which it is."""
    token_failure: LocalFault | None = None
    """Why nobody can be let in; None if all is well."""
    obstacle: str = ""
    """Why the API could not be offered when that was tried last."""
    moved: str = ""
    """Why it is not offered where it was wanted."""
    certificate_failure: LocalFault | None = None
    """Why the API's own certificate cannot be kept; None if all is well."""


class StartCheck(NothingToFix):
    """Says why the service does not do its work."""

    name = "start"
    title = "Start of the service"

    def __init__(self, state: ServiceState) -> None:
        self._state = state

    def run(self) -> list[Finding]:
        """Say it."""
        failure = self._state.start_failure
        if failure is None:
            return [Finding("start", Severity.OK, "The service does its work.")]
        remedy = f"{failure.remedy} The service tries again by itself.".strip()
        what = "The service could not start: no certificate is renewed."
        return [Finding("start-failed", Severity.ERROR, what, failure.cause, remedy)]


class ConfigurationCheck:
    """Looks at serviceconfig.json and servers.json, and whether they say what is so."""

    name = "configuration"
    title = "serviceconfig.json and servers.json"

    def __init__(self, data_dir: Path, server: Callable[[], Server | None]) -> None:
        """`server` says where the service listens, None if it does not."""
        self._data_dir = data_dir
        self._server = server

    def run(self) -> list[Finding]:
        """Read both files."""
        configuration = read_configuration(self._data_dir)
        findings = [_invalid(problem, self._data_dir) for problem in configuration.problems]
        findings += self._disagreements(configuration)
        return findings or [
            Finding("configuration", Severity.OK, "The configuration files are in order.", f"In {self._data_dir}.")
        ]

    def fix(self, finding: Finding) -> str:
        """Take a wrong value out, set a broken file aside, or write servers.json again."""
        path = self._data_dir / CONFIG_FILE
        try:
            if finding.code == "servers-disagree":
                return self._write_servers()
            if finding.code == "config-unreadable":
                return f"{path} is now {set_aside(path).name}, and the defaults hold."
            if finding.code != "config-invalid":
                raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)
            read_config_file(self._data_dir).change({finding.subject: None})
        except OSError as error:
            raise LocalFault(f"{error.filename}: {error.strerror}.", "Run this as the service's user.") from error
        return f"{finding.subject} was taken out of {path}; the default holds."

    def _disagreements(self, configuration: Configuration) -> Iterator[Finding]:
        server = self._server()
        if server is None:
            return
        path = self._data_dir / SERVERS_FILE
        if read_server(self._data_dir) != server:
            yield Finding(
                code="servers-disagree",
                severity=Severity.ERROR,
                what=f"{path} does not say where the service is: clients do not find it.",
                evidence=f"The service is at {server.url}.",
                remedy="Run `certify doctor --fix`, or delete the file and restart the service.",
                fixable=True,
                subject=str(path),
            )
        wanted = configuration.config.port
        if configuration.sources.get("port") == "file" and wanted not in {0, server.port}:
            yield Finding(
                code="port-differs",
                severity=Severity.NOTE,
                what=f"{CONFIG_FILE} names port {wanted}, and the service listens on port {server.port}.",
                evidence="The file was changed since the start, or the command line or the environment won.",
                remedy="Restart the service if the file's port is wanted.",
                subject="port",
            )

    def _write_servers(self) -> str:
        server = self._server()
        path = self._data_dir / SERVERS_FILE
        if server is None:
            raise LocalFault("The service does not listen now.", "It writes the file as soon as it does.")
        if path.is_dir():
            set_aside(path)
        write_servers(self._data_dir, server)
        return f"{path} names {server.url} again."


class ApiCheck(NothingToFix):
    """Asks the API through the loopback, as clients do."""

    name = "api"
    title = "The API on the loopback"

    def __init__(self, state: ServiceState) -> None:
        self._state = state

    def run(self) -> list[Finding]:
        """Ask at every address."""
        server = self._state.server
        if server is None:
            what = "The API is not offered; certificates are renewed all the same."
            remedy = "The service tries again by itself; see `certify doctor` for the configuration."
            return [Finding("api-not-offered", Severity.ERROR, what, self._state.obstacle, remedy)]
        findings = [self._asked(address, server) for address in self._state.addresses]
        if (failure := self._state.token_failure) is not None:
            what = "The API's token cannot be read: nobody is let in."
            findings.append(Finding("token-unreadable", Severity.ERROR, what, failure.cause, failure.remedy))
        if (failure := self._state.certificate_failure) is not None:
            what = "The API's own certificate cannot be renewed."
            findings.append(Finding("api-certificate", Severity.ERROR, what, failure.cause, failure.remedy))
        if self._state.moved:
            what = f"The API has moved to port {server.port}."
            remedy = "Nothing has to be done: both configuration files say so, and clients find it."
            findings.append(Finding("port-moved", Severity.NOTE, what, self._state.moved, remedy, subject=server.url))
        return findings

    def _asked(self, address: str, server: Server) -> Finding:
        answerer = who_answers(address, server)
        at = f"{address} port {server.port}"
        if answerer.kind is Kind.MEANT:
            return Finding("api", Severity.OK, f"The API answers at {at}.", answerer.told, subject=address)
        if answerer.kind in {Kind.NOBODY, Kind.SILENT}:
            return Finding(
                code="loopback-blocked",
                severity=Severity.ERROR,
                what=f"The service listens on {at}, and cannot be reached there from this machine.",
                evidence=answerer.told,
                remedy="Look for a firewall or an antivirus that blocks local connections, and exclude this port.",
                subject=address,
            )
        return Finding(
            code="port-shared",
            severity=Severity.ERROR,
            what=f"At {at}, where the service listens, {answerer.kind.value} answers.",
            evidence=answerer.told,
            remedy="Stop it, or set another port: certify config set port 9697",
            subject=address,
        )


def _invalid(problem: InvalidInput, data_dir: Path) -> Finding:
    if problem.field == CONFIG_FILE:
        path = data_dir / CONFIG_FILE
        return Finding(
            code="config-unreadable",
            severity=Severity.ERROR,
            what=f"{path} cannot be read.",
            evidence=problem.cause,
            remedy="Mend it, or have it set aside: certify doctor --fix. Deleting it is harmless if it names no store.",
            fixable=True,
            subject=str(path),
        )
    in_file = problem.cause.startswith(str(data_dir))
    return Finding(
        code="config-invalid",
        severity=Severity.ERROR,
        what=f"The setting {problem.field} is wrong; the default holds.",
        evidence=problem.cause,
        remedy=problem.remedy,
        fixable=in_file and problem.field != "store",
        subject=problem.field,
    )
