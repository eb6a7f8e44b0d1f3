"""What is new since people were told last: troubles that have come, or become worse, and those that are gone.

A trouble that stays is told once, however often it is found. One that is not found any more is gone only if its check
was made and could name all that it found: silence is no recovery.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from certify_core.domain.finding import Finding, Severity
from certify_core.domain.notification import Trouble, key_of

MANY = 20
"""Of so many findings of one code a check may have left out others."""
_BAD = (Severity.WARNING, Severity.ERROR)


@dataclass(frozen=True, slots=True)
class News:
    """What has changed."""

    come: tuple[Trouble, ...] = ()
    """New, or worse than before."""
    gone: tuple[Trouble, ...] = ()


def news(
    known: Mapping[tuple[str, str], Trouble],
    findings: Iterable[Finding],
    checked: Collection[str],
    now: float,
    *,
    complete: bool = False,
) -> News:
    """Compare what is found with what people know.

    Args:
        known: the troubles that they know, by `Trouble.key`.
        findings: what was found by the checks that were made.
        checked: the names of those checks, without those that failed.
        now: seconds since the epoch.
        complete: whether the checks name all that they find, however much.
    """
    bad = {key_of(finding): finding for finding in findings if finding.severity in _BAD}
    cut = {code for code, number in Counter(code for code, _ in bad).items() if number >= MANY and not complete}
    come = [
        Trouble(finding, known[key].since if key in known else now)
        for key, finding in bad.items()
        if key not in known or _is_worse(finding, known[key].finding)
    ]
    gone = [
        trouble
        for key, trouble in known.items()
        if key not in bad and trouble.finding.check in checked and trouble.finding.code not in cut
    ]
    return News(tuple(come), tuple(gone))


def _is_worse(finding: Finding, before: Finding) -> bool:
    return finding.severity is Severity.ERROR and before.severity is Severity.WARNING
