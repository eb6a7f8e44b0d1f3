"""The little of HTTP/1.1 (RFC 9112) that a challenge needs: one GET or HEAD for a path, one answer, then goodbye."""

from __future__ import annotations

from collections.abc import Callable

PREFIX = b"/.well-known/acme-challenge/"
MAX_REQUEST = 8192
"""Bytes that request line and headers may have together."""

_END = b"\r\n\r\n"
_REASONS = {200: b"OK", 400: b"Bad Request", 404: b"Not Found", 405: b"Method Not Allowed", 431: b"Headers Too Large"}


def answer_to(received: bytes, find: Callable[[str], str | None]) -> bytes | None:
    """Return the whole answer to what was received so far, or None while the request is not complete.

    `find` returns the key authorization of a token. What follows the first request is ignored.
    """
    end = received.find(_END, 0, MAX_REQUEST)
    if end < 0:
        return _answer(431, b"Request too large.\n") if len(received) >= MAX_REQUEST else None
    method, _, rest = received[:end].partition(b"\r\n")[0].partition(b" ")
    target, _, version = rest.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        return _answer(400, b"Not an HTTP/1.1 request.\n")
    if method not in {b"GET", b"HEAD"}:
        return _answer(405, b"Only GET and HEAD.\n", b"Allow: GET, HEAD\r\n")
    found = find(token) if (token := _token(target)) else None
    with_body = method == b"GET"
    if found is None:
        return _answer(404, b"No such challenge.\n", with_body=with_body)
    return _answer(200, found.encode(), with_body=with_body)


def _token(target: bytes) -> str:
    """Return the token that a request target asks for, or an empty text.

    Queries are ignored. Nothing is percent-decoded: base64url needs no encoding, and so no authority uses one.
    """
    path = target.partition(b"?")[0]
    if not path.startswith(b"/"):
        # The absolute form, which proxies use (RFC 9112 section 3.2.2).
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    return path.removeprefix(PREFIX).decode("ascii", "replace") if path.startswith(PREFIX) else ""


def _answer(status: int, body: bytes, more: bytes = b"", *, with_body: bool = True) -> bytes:
    kind = b"application/octet-stream" if status == 200 else b"text/plain"
    return (
        b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n"
        % (status, _REASONS[status], kind, len(body), more)
    ) + (body if with_body else b"")
