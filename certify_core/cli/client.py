"""The running service, as the command line sees it: found by its data folder, asked over HTTP."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode

import click
import orjson
import urllib3

from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.loudness import is_verbose
from certify_core.service.config import read_configuration
from certify_core.service.recognition import Kind, who_answers
from certify_core.service.servers import Server, read_server, server_at
from certify_core.service.token import TOKEN_FILE

TOKEN_VARIABLE = "CERTIFY_TOKEN"  # noqa: S105 - the name of a variable
READ_TIMEOUT = 60.0
"""Seconds."""
_EXITS = {401: Exit.UNREACHABLE, 403: Exit.UNREACHABLE, 404: Exit.NOT_FOUND, 409: Exit.CONFLICT, 422: Exit.USAGE}

Document = dict[str, Any]


class Client:
    """Asks the API; every refusal becomes a `ServiceRefused` that carries its exit code."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._server = _find(data_dir)
        _recognise(self._server)
        self._http = urllib3.PoolManager(retries=False, timeout=_timeout(READ_TIMEOUT), ssl_context=self._server.tls())
        self._headers = {"Authorization": f"Bearer {self._token()}"}

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._server.url

    def get(self, path: str, **query: object) -> Any:
        """Return the answer to a GET."""
        return self._call("GET", path, query=query)

    def download(self, path: str, *, patience: float = READ_TIMEOUT, **query: object) -> bytes:
        """Return the octets that a GET is answered with."""
        return self._request("GET", f"{path}?{urlencode(query)}", patience=patience).data

    def post(self, path: str, body: object = None, *, patience: float = READ_TIMEOUT) -> Any:
        """Return the answer to a POST that comes within `patience` seconds."""
        return self._call("POST", path, body, patience=patience)

    def patch(self, path: str, body: object) -> Any:
        """Return the answer to a PATCH."""
        return self._call("PATCH", path, body)

    def delete(self, path: str, **query: object) -> None:
        """Ask for a DELETE."""
        self._call("DELETE", path, query=query)

    def fetch(self, path: str, body: object, target: BinaryIO, *, patience: float) -> None:
        """Write the octets that a POST is answered with to a file."""
        response = self._request("POST", path, body, patience=patience, preload=False)
        try:
            for piece in response.stream():
                target.write(piece)
        except urllib3.exceptions.HTTPError as error:
            raise ServiceRefused(
                Exit.UNREACHABLE, "The service stopped answering.", "Nothing was written; try it again."
            ) from error
        finally:
            response.release_conn()

    def send_file(self, path: str, file: BinaryIO, headers: dict[str, str], *, patience: float, **query: object) -> Any:
        """Return the answer to a POST of a file's octets."""
        size = os.fstat(file.fileno()).st_size
        sent = {**headers, "Content-Type": "application/octet-stream", "Content-Length": str(size)}
        response = self._send("POST", f"{path}?{urlencode(query)}", file, sent, patience=patience)
        return orjson.loads(response.data)

    def events(self, path: str, *, patience: float) -> Iterator[tuple[str, Document]]:
        """Yield kind and document of every server-sent event; `patience` is the longest silence, in seconds."""
        response = self._request("GET", path, patience=patience, preload=False)
        kind = ""
        try:
            for line in _lines(response):
                if line.startswith(b"event: "):
                    kind = line[7:].decode()
                elif line.startswith(b"data: "):
                    yield kind, orjson.loads(line[6:])
        except urllib3.exceptions.HTTPError as error:
            raise ServiceRefused(
                Exit.UNREACHABLE, "The service stopped answering.", "The work goes on when it runs again: certify list"
            ) from error
        finally:
            response.release_conn()

    def find(self, name_or_id: str) -> Document:
        """Return the managed certificate of this id, or the only one of this name."""
        found = self.get("/api/managedcertificates", name=name_or_id)["items"]
        if len(found) > 1:
            ids = ", ".join(item["id"] for item in found)
            raise ServiceRefused(
                Exit.CONFLICT, f"{len(found)} managed certificates are named {name_or_id}.", f"Use an id: {ids}"
            )
        certificate_id = found[0]["id"] if found else name_or_id
        document: Document = self.get(f"/api/managedcertificates/{certificate_id}")
        return document

    def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        query: dict[str, object] | None = None,
        patience: float = READ_TIMEOUT,
    ) -> Any:
        wanted = {key: value for key, value in (query or {}).items() if value is not None}
        response = self._request(method, f"{path}?{urlencode(wanted)}" if wanted else path, body, patience=patience)
        return orjson.loads(response.data) if response.data else None

    def _request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        patience: float = READ_TIMEOUT,
        preload: bool = True,
    ) -> urllib3.BaseHTTPResponse:
        if body is None:
            return self._send(method, path, None, {}, patience=patience, preload=preload)
        headers = {"Content-Type": "application/json"}
        return self._send(method, path, orjson.dumps(body), headers, patience=patience, preload=preload)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | BinaryIO | None,
        headers: dict[str, str],
        *,
        patience: float,
        preload: bool = True,
    ) -> urllib3.BaseHTTPResponse:
        began = time.monotonic()
        try:
            response = self._http.request(
                method,
                self._server.url + path,
                body=body,
                headers=self._headers | headers,
                timeout=_timeout(patience),
                preload_content=preload,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServiceRefused(
                Exit.UNREACHABLE,
                f"The service does not answer at {self._server.url}.",
                f"Start it with `certify serve`, or name its data folder with --data-dir (now {self._data_dir}).",
            ) from error
        if is_verbose():
            took = (time.monotonic() - began) * 1000
            known_as = response.headers.get("X-Correlation-Id", "-")
            click.echo(f"{method} {self._server.url}{path}: {response.status}, {took:.0f} ms, {known_as}", err=True)
        if response.status >= 400:
            raise _refusal(response)
        return response

    def _token(self) -> str:
        if given := os.environ.get(TOKEN_VARIABLE):
            return given
        path = self._data_dir / TOKEN_FILE
        try:
            return path.read_text().strip()
        except OSError as error:
            raise ServiceRefused(
                Exit.UNREACHABLE,
                f"The token {path} cannot be read: {error.strerror}.",
                "Start the service once with `certify serve`, run this as the service's user or as administrator, give "
                f"--data-dir, or put a token of your own into {TOKEN_VARIABLE}.",
            ) from error


def _timeout(patience: float) -> urllib3.Timeout:
    return urllib3.Timeout(connect=5, read=patience)


def _find(data_dir: Path) -> Server:
    server = read_server(data_dir)
    if server is not None:
        return server
    configuration = read_configuration(data_dir)
    for problem in configuration.problems:
        if not isinstance(problem.__cause__, PermissionError):  # closed to us: the service may be where it is as a rule
            raise problem
    config = configuration.config
    return server_at(data_dir, config.host, config.port, https=config.useHTTPS)


def _recognise(server: Server) -> None:
    """See that what listens there is the service, before it gets to see a token; if nobody does, the call says so."""
    answerer = who_answers(server.host, server)
    unknown = answerer.kind is Kind.OTHER and not server.instance
    if answerer.kind in {Kind.MEANT, Kind.NOBODY} or unknown:
        return
    raise ServiceRefused(
        Exit.UNREACHABLE,
        f"What listens at {server.url} is not the Certify of this data folder, but {answerer.kind.value}.",
        "`certify doctor` says which program that is; try again if the service was just restarted.",
    )


def _refusal(response: urllib3.BaseHTTPResponse) -> ServiceRefused:
    code = _EXITS.get(response.status, Exit.FAILED)
    try:
        problem = orjson.loads(response.data)
        return ServiceRefused(code, problem["detail"], problem.get("remedy", ""), problem)
    except (ValueError, LookupError, TypeError):
        return ServiceRefused(
            Exit.UNREACHABLE,
            f"What answers is not Certify (HTTP {response.status}).",
            "Is another program on its port?",
        )


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    pending = b""
    for chunk in response.stream(amt=None):
        pending += chunk
        *complete, pending = pending.split(b"\n")
        yield from complete
