"""What came back for one request, whatever its status; and the error for when nothing whole did."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from certify_core.acme.retry_after import seconds_to_wait
from certify_core.errors import AuthorityUnavailable, ProtocolViolation

if TYPE_CHECKING:
    from urllib3 import HTTPHeaderDict


class ConnectionBroken(AuthorityUnavailable):
    """The connection ended in the middle; whether the authority acted on the request is unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, read to its end."""

    url: str
    """What was asked for."""
    status: int
    headers: HTTPHeaderDict
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds that the authority asks us to wait, if it does."""
        return seconds_to_wait(self.headers.get("Retry-After"), self.headers.get("Date"), time.time())

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; may be empty."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body.

        Raises:
            ProtocolViolation: it is something else.
        """
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            raise ProtocolViolation(
                f"{self.url} answered {self.content_type or 'something without a type'} where ACME has a JSON object.",
                "Check that the address is that of an ACME server and that no proxy answers in its place.",
            )
        return document
