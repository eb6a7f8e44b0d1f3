"""Problem documents: how an authority says what is wrong (RFC 7807, RFC 8555 section 6.7), kept whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACME_TYPES = "urn:ietf:params:acme:error:"
"""What the types of RFC 8555 begin with."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document; `document` is all of it, as JSON, and the properties are its well-known members."""

    document: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The URI that names the kind of problem; ``about:blank`` if there is none."""
        return self._text("type") or "about:blank"

    @property
    def kind(self) -> str:
        """The short name of an ACME problem, such as ``rateLimited``; the whole type of any other."""
        return self.type.removeprefix(ACME_TYPES)

    @property
    def title(self) -> str:
        """A summary of the kind; may be empty."""
        return self._text("title")

    @property
    def detail(self) -> str:
        """What happened, for people; the title or the kind if there is nothing better."""
        return self._text("detail") or self.title or self.kind

    @property
    def status(self) -> int | None:
        """The HTTP status."""
        status = self.document.get("status")
        return status if isinstance(status, int) else None

    @property
    def instance(self) -> str | None:
        """An address with more about this very problem, such as where new terms are agreed to."""
        return self._text("instance") or None

    @property
    def identifier(self) -> str | None:
        """The name that a subproblem is about (RFC 8555 section 6.7.1)."""
        identifier = self.document.get("identifier")
        value = identifier.get("value") if isinstance(identifier, Mapping) else identifier
        return value if isinstance(value, str) else None

    @property
    def subproblems(self) -> tuple[Problem, ...]:
        """The problems that this one is made of."""
        parts = self.document.get("subproblems")
        return tuple(Problem(part) for part in parts if isinstance(part, Mapping)) if isinstance(parts, list) else ()

    def __str__(self) -> str:
        """Return one sentence without its full stop: the detail, and that of every subproblem with its name."""
        text = self.detail.rstrip(". ")
        parts = "; ".join(f"{part.identifier}: {part}" if part.identifier else str(part) for part in self.subproblems)
        return f"{text} ({parts})" if parts else text

    def _text(self, name: str) -> str:
        value = self.document.get(name)
        return value if isinstance(value, str) else ""
