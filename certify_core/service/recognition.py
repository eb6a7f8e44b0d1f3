"""What answers at an address: the service that is meant, another one, a stranger, or nobody.

Asked without a token, so that a stranger never gets one.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from enum import Enum

from certify_core.service.listen import EVERY
from certify_core.service.servers import Server

PATH = "/api/health"
SERVICE = "Certify"
TIMEOUT = 3.0
"""Seconds."""
_MAX_ANSWER = 65_536


class Kind(Enum):
    """Who it is."""

    MEANT = "the service"
    OTHER = "another Certify service"
    STRANGER = "a program that is not Certify"
    SILENT = "a program that accepts connections and does not answer"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers."""

    kind: Kind
    told: str = ""
    """What shows it."""


def who_answers(address: str, server: Server, timeout: float = TIMEOUT) -> Answerer:
    """Ask at an address and the server's port whether it is that server."""
    try:
        connection = _connection(EVERY.get(address, address), server, timeout)
    except OSError as error:
        return Answerer(Kind.STRANGER, f"Who it is cannot be seen: {server.root} cannot be read ({error.strerror}).")
    try:
        connection.connect()
    except ssl.SSLError as error:
        return Answerer(Kind.STRANGER, f"It has no certificate of the service: {error.reason or error}.")
    except OSError as error:
        return Answerer(Kind.NOBODY, error.strerror or str(error) or type(error).__name__)
    try:
        connection.request("GET", PATH, headers={"Connection": "close"})
        response = connection.getresponse()
        return _recognised(response.status, response.getheader("Server", ""), response.read(_MAX_ANSWER), server)
    except TimeoutError:
        return Answerer(Kind.SILENT, f"No answer in {timeout:g} s.")
    except (OSError, http.client.HTTPException) as error:
        return Answerer(Kind.STRANGER, f"It speaks no HTTP: {type(error).__name__}.")
    finally:
        connection.close()


def _connection(address: str, server: Server, timeout: float) -> http.client.HTTPConnection:
    context = server.tls()
    if context is None:
        return http.client.HTTPConnection(address, server.port, timeout=timeout)
    return http.client.HTTPSConnection(address, server.port, timeout=timeout, context=context)


def _recognised(status: int, name: str, body: bytes, server: Server) -> Answerer:
    try:
        document = json.loads(body)
        is_certify = document["service"] == SERVICE
        instance = document["instance"]
    except (ValueError, LookupError, TypeError):
        return Answerer(Kind.STRANGER, f"It answered {status}{f' and calls itself {name}' if name else ''}.")
    if not is_certify:
        return Answerer(Kind.STRANGER, f"It answered {status}.")
    same = instance == server.instance
    return Answerer(Kind.MEANT if same else Kind.OTHER, f"It is Certify {document.get('version', '')}.")
