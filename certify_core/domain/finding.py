"""What a health check finds: a fact, how bad it is, what shows it, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; the order of the members is from good to bad."""

    OK = "ok"
    """Looked at, and as it should be."""
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    WARNING = "warning"
    """It works, and will not for ever."""
    ERROR = "error"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a health check has looked at."""

    code: str
    """Names the kind of finding for machines, such as ``port-held``; it stays the same from version to version."""
    severity: Severity
    what: str
    """A sentence that names the thing."""
    evidence: str = ""
    """What was measured, never a secret."""
    remedy: str = ""
    """A sentence that names the next step; empty where nothing is to be done."""
    fixable: bool = False
    """Whether the check's `fix` can do that, and can do no harm."""
    subject: str = ""
    """The path, the address or the id that it is about: it tells findings of one code apart."""
    check: str = ""
    """Which check found it; filled in by who runs the checks."""


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the worst severity among findings; `OK` if there are none."""
    order = list(Severity)
    return max((finding.severity for finding in findings), key=order.index, default=Severity.OK)
