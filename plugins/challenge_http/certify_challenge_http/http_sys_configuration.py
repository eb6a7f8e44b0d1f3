"""Reads how Windows' HTTP service (http.sys) is set up on this machine, from itself rather than from netsh's words."""

from __future__ import annotations

import ctypes
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_uint32, sizeof
from dataclasses import dataclass
from typing import Any

from certify_challenge_http import httpapi

_TOO_SMALL = {httpapi.INSUFFICIENT_BUFFER, httpapi.MORE_DATA}


@dataclass(frozen=True, slots=True)
class ReservedUrl:
    """A URL prefix that only some accounts may register."""

    url: str
    descriptor: str
    """Who may, in the security descriptor definition language (SDDL)."""


def listen_addresses(library: Any) -> tuple[str, ...]:
    """Return the addresses on which http.sys listens; none means all of them. `library` is `httpapi.load`'s.

    Raises:
        OSError: http.sys does not say.
    """
    with _configuration(library):
        raw = _query(library, httpapi.CONFIG_IP_LISTEN_LIST, None)
    if raw is None:
        return ()
    count = httpapi.ListenList.from_buffer(raw).count
    start, step = sizeof(httpapi.ListenList), httpapi.SOCKET_ADDRESS_SIZE
    found = (_address(raw.raw[start + number * step :][:step]) for number in range(count))
    return tuple(address for address in found if address)


def reserved_urls(library: Any) -> tuple[ReservedUrl, ...]:
    """Return all reservations, netsh's `urlacl`. `library` is `httpapi.load`'s.

    Raises:
        OSError: http.sys does not say.
    """
    found: list[ReservedUrl] = []
    with _configuration(library):
        while True:
            query = httpapi.ReservationQuery(kind=httpapi.QUERY_NEXT, token=len(found))
            raw = _query(library, httpapi.CONFIG_URL_ACL, query)
            if raw is None:
                return tuple(found)
            reservation = httpapi.Reservation.from_buffer(raw)
            found.append(ReservedUrl(reservation.url or "", reservation.descriptor or ""))


@contextmanager
def _configuration(library: Any) -> Iterator[None]:
    if code := library.HttpInitialize(httpapi.VERSION_2, httpapi.INITIALIZE_CONFIG, None):
        raise OSError(code, "HttpInitialize")
    try:
        yield
    finally:
        library.HttpTerminate(httpapi.INITIALIZE_CONFIG, None)


def _query(library: Any, what: int, query: ctypes.Structure | None) -> ctypes.Array[ctypes.c_char] | None:
    """Return one answer, or None if there is nothing (more)."""
    size = c_uint32()
    given = (byref(query), sizeof(query)) if query is not None else (None, 0)
    buffer: ctypes.Array[ctypes.c_char] | None = None
    while True:
        room = len(buffer) if buffer is not None else 0
        code = library.HttpQueryServiceConfiguration(None, what, *given, buffer, room, byref(size), None)
        if code in _TOO_SMALL and size.value > room:
            buffer = ctypes.create_string_buffer(size.value)
            continue
        if code in {httpapi.FILE_NOT_FOUND, httpapi.NO_MORE_ITEMS}:
            return None
        if code:
            raise OSError(code, "HttpQueryServiceConfiguration")
        return buffer


def _address(raw: bytes) -> str:
    """Return the address in a SOCKADDR_STORAGE, which has it after family and port (and flow label, in IPv6)."""
    family = int.from_bytes(raw[:2], "little")
    if family == httpapi.IPV4:
        return str(ipaddress.IPv4Address(raw[4:8]))
    if family == httpapi.IPV6:
        return str(ipaddress.IPv6Address(raw[8:24]))
    return ""
