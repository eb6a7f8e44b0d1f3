"""What an authority's "too many" (429, `rateLimited`) means for others: which limit it told of, whom it concerns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from certify_core.acme import Problem, ProblemError
from certify_core.domain.identifiers import Identifier
from certify_core.domain.limits import LimitKind, subjects
from certify_core.store.ledger import Announced

_TOLD_BY = (
    (LimitKind.NAMES, re.compile(r"\bunpause\b|\bpaused\b|prevented from requesting", re.IGNORECASE)),
    (LimitKind.DUPLICATES, re.compile(r"\bexact set\b|\bduplicate certificates\b", re.IGNORECASE)),
    (LimitKind.FAILURES, re.compile(r"\bfailed (?:authorizations|validations)\b", re.IGNORECASE)),
    (LimitKind.CERTIFICATES, re.compile(r"\bcertificates\b.*\balready issued for\b", re.IGNORECASE)),
    (LimitKind.ORDERS, re.compile(r"\bnew orders\b", re.IGNORECASE)),
)
"""By the words of the problem's detail, the first that fits."""


def announced_in(error: ProblemError, directory: str, identifiers: Sequence[Identifier], now: float) -> list[Announced]:
    """Return what a refusal announces to all orders at an authority; nothing if it does not say until when.

    What does not say which limit it is about concerns the names in its subproblems, or else the whole account.
    """
    if not error.retry_after:
        return []
    kind, concerned = _told(error.problem, identifiers)
    return [
        Announced(directory, kind, subject, now + error.retry_after, error.cause, error.remedy) for subject in concerned
    ]


def _told(problem: Problem, identifiers: Sequence[Identifier]) -> tuple[LimitKind, Sequence[str]]:
    named = [part.identifier.removeprefix("*.") for part in problem.subproblems if part.identifier]
    text = str(problem)
    for kind, words in _TOLD_BY:
        if words.search(text):
            possible = subjects(kind, identifiers)
            told = [subject for subject in possible if subject in named or _mentions(text, subject)]
            return kind, told or possible
    return (LimitKind.NAMES, named) if named else (LimitKind.ACCOUNT, ("",))


def _mentions(text: str, name: str) -> bool:
    return bool(name) and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text) is not None
