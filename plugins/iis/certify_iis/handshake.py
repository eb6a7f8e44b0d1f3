"""Asks a binding for its certificate by a TLS handshake on this machine, until it is the right one or time is up.

Only the leaf counts: whether clients trust the chain is the authority's business, so nothing is validated here.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import time

from certify_core.api import DeploymentFailed
from certify_iis.bindings import ANY_IP, SNI, Binding, Site
from certify_iis.ftp_handshake import shown_by_ftp

_PAUSE = 0.2
"""Seconds between two handshakes: a new binding takes IIS a moment to open."""
_SHORTEST_WAIT = 0.2


def wait_until_shown(site: Site, binding: Binding, thumbprint: str, names: tuple[str, ...], timeout: float) -> None:
    """Return as soon as the binding shows the certificate; an FTP server that nobody can ask shows none.

    Raises:
        DeploymentFailed: it shows another one, or none, after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    address = "127.0.0.1" if binding.ip == ANY_IP else binding.ip
    name = server_name(binding, names)
    while True:
        left = max(deadline - time.monotonic(), _SHORTEST_WAIT)
        try:
            # A certificate is named by its SHA-1 on Windows.
            content = _asked(binding, address, name, left)
            if content is None:
                return
            shown = hashlib.sha1(content, usedforsecurity=False).hexdigest().upper()
        except (OSError, ValueError) as error:
            problem = f"No TLS handshake with {binding} of {site.name}: {error}."
        else:
            if shown == thumbprint:
                return
            problem = f"{binding} of {site.name} shows the certificate {shown}, not {thumbprint}."
        if time.monotonic() + _PAUSE >= deadline:
            raise DeploymentFailed(
                problem,
                "See that the site is started and that nothing else holds the port; or set verify=false if this "
                "machine cannot reach the binding.",
            )
        time.sleep(_PAUSE)


def _asked(binding: Binding, address: str, name: str | None, timeout: float) -> bytes | None:
    if binding.protocol.lower() == "ftp":
        return shown_by_ftp(address, binding.port, binding.host, timeout)
    return _shown(address, binding.port, name, timeout)


def server_name(binding: Binding, names: tuple[str, ...]) -> str | None:
    """Return the name to send: the host with `www` for a wildcard; without SNI and host the first DNS name."""
    name = binding.host or next((name for name in names if not _is_address(name)), "")
    if not name and not binding.flags & SNI:
        return None
    return name.replace("*.", "www.", 1) if name.startswith("*.") else name


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdecimal()


def _shown(address: str, port: int, name: str | None, timeout: float) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((address, port), timeout) as connection,
        context.wrap_socket(connection, server_hostname=name) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""
