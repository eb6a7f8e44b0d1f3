"""A request queue of Windows' HTTP service (http.sys) with one URL prefix: what requests come through, and go.

The kernel listens, reads requests and hands over those for the prefix that are whole; other prefixes of the same port
are other programs', IIS's for example. Slow, half-open and malformed clients never get as far as this process.
"""

from __future__ import annotations

import ctypes
from contextlib import ExitStack
from ctypes import byref, c_uint32, c_uint64, c_void_p, sizeof
from dataclasses import dataclass
from typing import Any

from certify_challenge_http import httpapi
from certify_challenge_http.message import Answer

BUFFER = 16_384
"""Bytes for a request's line and headers: more than that http.sys lets through only where it was told to."""
_VERBS = {httpapi.VERB_GET: b"GET", httpapi.VERB_HEAD: b"HEAD"}


class Refused(Exception):
    """A call was refused; carries its name and the error number of Windows."""

    def __init__(self, function: str, code: int) -> None:
        super().__init__(f"{function}: error {code}")
        self.function = function
        self.code = code


@dataclass(frozen=True, slots=True)
class Received:
    """A request, as far as a challenge is concerned."""

    id: int
    method: bytes
    """Empty for all but GET and HEAD."""
    target: bytes
    """As the client sent it."""


class RequestQueue:
    """A queue that is open from when it is made until `close`; several threads may receive from it at once."""

    def __init__(self, url: str, library: Any) -> None:
        """Register a prefix such as ``http://+:80/.well-known/acme-challenge/``; `library` is `httpapi.load`'s.

        Raises:
            Refused: by http.sys; nothing is left open.
        """
        self._library = library
        self._handle = c_void_p()
        session, group = c_uint64(), c_uint64()
        with ExitStack() as unless_open:
            self._call("HttpInitialize", httpapi.VERSION_2, httpapi.INITIALIZE_SERVER, None)
            unless_open.callback(library.HttpTerminate, httpapi.INITIALIZE_SERVER, None)
            self._call("HttpCreateServerSession", httpapi.VERSION_2, byref(session), 0)
            unless_open.callback(library.HttpCloseServerSession, session)
            self._call("HttpCreateRequestQueue", httpapi.VERSION_2, None, None, 0, byref(self._handle))
            unless_open.callback(library.HttpCloseRequestQueue, self._handle)
            self._call("HttpCreateUrlGroup", session, byref(group), 0)
            unless_open.callback(library.HttpCloseUrlGroup, group)
            binding = httpapi.Binding(httpapi.PRESENT, self._handle)
            bind = (group, httpapi.SERVER_BINDING_PROPERTY, byref(binding), sizeof(binding))
            self._call("HttpSetUrlGroupProperty", *bind)
            self._call("HttpAddUrlToUrlGroup", group, url, 0, 0)
            unless_open.callback(library.HttpRemoveUrlFromUrlGroup, group, url, 0)
            self._undo = unless_open.pop_all()

    def receive(self) -> Received:
        """Wait for the next request.

        Raises:
            Refused: the client has gone, `cancel` was called, or http.sys was stopped.
        """
        buffer = ctypes.create_string_buffer(BUFFER)
        wanted = c_uint32()
        code = self._receive(0, buffer, wanted)
        if code == httpapi.MORE_DATA:
            request_id = httpapi.Request.from_buffer(buffer).id
            buffer = ctypes.create_string_buffer(wanted.value)
            code = self._receive(request_id, buffer, wanted)
        if code:
            raise Refused("HttpReceiveHttpRequest", code)
        request = httpapi.Request.from_buffer(buffer)
        target = ctypes.string_at(request.raw_url, request.raw_url_size)
        return Received(request.id, _VERBS.get(request.verb, b""), target)

    def send(self, request_id: int, answer: Answer) -> None:
        """Hand an answer to the kernel, which waits for the client alone, and closes the connection after it.

        Raises:
            Refused: the client has gone, or http.sys was stopped.
        """
        response = httpapi.Response(status=answer.status, reason=answer.reason, reason_size=len(answer.reason))
        _set(response, httpapi.HEADER_CONTENT_TYPE, answer.kind)
        _set(response, httpapi.HEADER_CONTENT_LENGTH, b"%d" % len(answer.content))
        _set(response, httpapi.HEADER_ALLOW, answer.allowed)
        content = ctypes.create_string_buffer(answer.content, len(answer.content))
        chunk = httpapi.Chunk(data=ctypes.cast(content, c_void_p), size=len(answer.content))
        if answer.with_body:
            response.chunk_count, response.chunks = 1, ctypes.pointer(chunk)
        # Without the buffer the call would return when the client has read everything, which may be never.
        flags = httpapi.SEND_DISCONNECT | httpapi.SEND_BUFFER_DATA
        more: tuple[object, ...] = (None, byref(c_uint32()), None, 0, None, None)
        self._call("HttpSendHttpResponse", self._handle, request_id, flags, byref(response), *more)

    def cancel(self) -> None:
        """End every wait in `receive` that there is now."""
        httpapi.cancel_io(self._handle)

    def close(self) -> None:
        """Give the prefix back; no thread may be using the queue any more."""
        self._undo.close()

    def _receive(self, request_id: int, buffer: ctypes.Array[ctypes.c_char], wanted: c_uint32) -> int:
        receive = self._library.HttpReceiveHttpRequest
        return int(receive(self._handle, request_id, 0, buffer, len(buffer), byref(wanted), None))

    def _call(self, function: str, *arguments: object) -> None:
        if code := getattr(self._library, function)(*arguments):
            raise Refused(function, code)


def _set(response: httpapi.Response, header: int, value: bytes) -> None:
    response.headers.known[header] = httpapi.KnownHeader(len(value), value)
