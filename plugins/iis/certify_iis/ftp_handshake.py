"""Which certificate an FTP server shows: by TLS after AUTH TLS (RFC 4217), or at once on the port for that."""

from __future__ import annotations

import socket
import ssl
from typing import TextIO

IMPLICIT = 990
"""The port on which TLS comes first, with IIS too."""
_READY, _GO_ON = "220", "234"
_LONGEST_LINE = 4096


def shown_by_ftp(address: str, port: int, host: str, timeout: float) -> bytes | None:
    """Return the certificate of the server for `host` (RFC 7151), in DER; None where it is not asked for TLS.

    Raises:
        OSError: there is no answer in time, or none that FTP knows.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        connection = socket.create_connection((address, port), timeout)
    except ConnectionRefusedError:
        return None  # the site's FTP server is stopped, and shows nobody anything
    with connection:
        if port != IMPLICIT and not _starts_tls(connection, host):
            return None
        with context.wrap_socket(connection, server_hostname=host or None) as tls:
            return tls.getpeercert(binary_form=True) or b""


def _starts_tls(connection: socket.socket, host: str) -> bool:
    """Return whether the server is ready for TLS; a policy may forbid it."""
    lines = connection.makefile("r", encoding="utf-8", errors="replace", newline="\r\n")
    if _reply(lines) != _READY:
        raise OSError("no FTP server answers there")
    if host:
        connection.sendall(f"HOST {host}\r\n".encode())
        _reply(lines)  # servers that do not know it have one site alone
    connection.sendall(b"AUTH TLS\r\n")
    return _reply(lines) == _GO_ON


def _reply(lines: TextIO) -> str:
    """Return the code of a reply, which may be of several lines (RFC 959 section 4.2)."""
    line = lines.readline(_LONGEST_LINE)
    code, more = line[:3], line[3:4] == "-"
    while more:
        line = lines.readline(_LONGEST_LINE)
        more = bool(line) and not line.startswith(f"{code} ")
    return code
