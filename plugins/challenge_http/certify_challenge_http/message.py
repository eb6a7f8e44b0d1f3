"""The little of HTTP/1.1 (RFC 9112) that a challenge needs: one GET or HEAD for a path, one answer, then goodbye."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Find = Callable[[str], str | None]
"""Returns the key authorization of a token, if there is one to answer."""
PREFIX = b"/.well-known/acme-challenge/"
MAX_REQUEST = 8192
"""Bytes that request line and headers may have together."""

_END = b"\r\n\r\n"
_REASONS = {200: b"OK", 400: b"Bad Request", 404: b"Not Found", 405: b"Method Not Allowed", 431: b"Headers Too Large"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, whoever puts it on the wire."""

    status: int
    content: bytes
    with_body: bool = True
    """Without it the answer has the headers of `content` and not the content itself, as HEAD wants it."""

    @property
    def reason(self) -> bytes:
        """The words beside the status."""
        return _REASONS[self.status]

    @property
    def kind(self) -> bytes:
        """The content's media type (RFC 8555 section 8.3)."""
        return b"application/octet-stream" if self.status == 200 else b"text/plain"

    @property
    def allowed(self) -> bytes:
        """Which methods there are, if it was none of them (RFC 9110 section 15.5.6)."""
        return b"GET, HEAD" if self.status == 405 else b""


def answer(method: bytes, target: bytes, find: Find) -> Answer:
    """Return the answer to a request that is understood."""
    if method not in {b"GET", b"HEAD"}:
        return Answer(405, b"Only GET and HEAD.\n")
    found = find(token) if (token := _token(target)) else None
    with_body = method == b"GET"
    if found is None:
        return Answer(404, b"No such challenge.\n", with_body)
    return Answer(200, found.encode(), with_body)


def answer_to(received: bytes, find: Find) -> bytes | None:
    """Return the whole answer to what was received so far, or None while the request is not complete.

    What follows the first request is ignored.
    """
    end = received.find(_END, 0, MAX_REQUEST)
    if end < 0:
        return _written(Answer(431, b"Request too large.\n")) if len(received) >= MAX_REQUEST else None
    method, _, rest = received[:end].partition(b"\r\n")[0].partition(b" ")
    target, _, version = rest.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        return _written(Answer(400, b"Not an HTTP/1.1 request.\n"))
    return _written(answer(method, target, find))


def _token(target: bytes) -> str:
    """Return the token that a request target asks for, or an empty text.

    Queries are ignored. Nothing is percent-decoded: base64url needs no encoding, and so no authority uses one.
    """
    path = target.partition(b"?")[0]
    if not path.startswith(b"/"):
        # The absolute form, which proxies use (RFC 9112 section 3.2.2).
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    return path.removeprefix(PREFIX).decode("ascii", "replace") if path.startswith(PREFIX) else ""


def _written(answered: Answer) -> bytes:
    return (
        b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n"
        % (
            answered.status,
            answered.reason,
            answered.kind,
            len(answered.content),
            b"Allow: %s\r\n" % answered.allowed if answered.allowed else b"",
        )
    ) + (answered.content if answered.with_body else b"")
