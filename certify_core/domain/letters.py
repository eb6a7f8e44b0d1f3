"""Messages as people read them: what has come, what is gone, and how everything stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from certify_core.domain.finding import Severity, worst
from certify_core.domain.news import News
from certify_core.domain.notification import Message, Trouble

NAMED = 30
"""So many things are described in one message."""
LONGEST_SUBJECT = 150


def letter(news: News, machine: str, *, least: Severity) -> Message | None:
    """Return what to tell of the news on a machine; None if nothing of it is as bad as `least`."""
    come = _as_bad_as(least, news.come)
    gone = _as_bad_as(least, news.gone)
    if not come and not gone:
        return None
    come = sorted(come, key=lambda trouble: trouble.finding.severity is not Severity.ERROR)
    parts = [*_few(come, _described), *_few(gone, _recovered)]
    severity = worst(trouble.finding for trouble in come)
    return Message(_subject(machine, come, gone), "\n\n".join(parts), severity)


def summary(
    machine: str, counts: Mapping[str, int], ending: Sequence[tuple[str, float]], troubles: Sequence[Trouble]
) -> Message:
    """Return how everything stands on a machine.

    Args:
        machine: its name.
        counts: how many managed certificates there are of each status.
        ending: the name and the end of those that end first, in seconds since the epoch.
        troubles: what does not work.
    """
    total = sum(counts.values())
    of_each = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()) if number)
    parts = [f"{total} managed certificates{f': {of_each}' if of_each else ''}."]
    if ending:
        parts.append("\n".join(["The first to end:", *(f"- {name}: {moment_of(at)}" for name, at in ending)]))
    parts += _few(troubles, _described) or ["Nothing needs anybody."]
    what = f"{_counted(len(troubles))}" if troubles else "all is well"
    return Message(f"Certify on {machine}: {what}", "\n\n".join(parts), worst(item.finding for item in troubles))


def trial(machine: str) -> Message:
    """Return a message that shows that a channel works."""
    text = "Somebody has asked Certify for this message. Troubles will be told in the same way."
    return Message(f"Certify on {machine}: this channel works", text, Severity.OK)


def moment_of(at: float) -> str:
    """Return a moment as people read it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _as_bad_as(least: Severity, troubles: Iterable[Trouble]) -> list[Trouble]:
    order = list(Severity)
    return [trouble for trouble in troubles if order.index(trouble.finding.severity) >= order.index(least)]


def _subject(machine: str, come: Sequence[Trouble], gone: Sequence[Trouble]) -> str:
    if len(come) == 1:
        told = come[0].finding.what
    elif come:
        told = _counted(len(come))
    elif len(gone) == 1:
        told = f"recovered: {gone[0].finding.what}"
    else:
        told = f"{len(gone)} things recovered"
    return " ".join(f"Certify on {machine}: {told}".split())[:LONGEST_SUBJECT]


def _counted(number: int) -> str:
    return "1 thing needs somebody" if number == 1 else f"{number} things need somebody"


def _few(troubles: Sequence[Trouble], write: Callable[[Trouble], str]) -> list[str]:
    """Write the first ones, and say how many more there are."""
    written = [write(trouble) for trouble in troubles[:NAMED]]
    more = len(troubles) - len(written)
    return [*written, f"And {more} more; all of it: certify doctor"] if more else written


def _described(trouble: Trouble) -> str:
    finding = trouble.finding
    lines = [f"{finding.severity.upper()}: {finding.what}", finding.evidence, finding.remedy and f"→ {finding.remedy}"]
    return "\n".join(filter(None, lines))


def _recovered(trouble: Trouble) -> str:
    return f"RECOVERED: {trouble.finding.what} Found first on {moment_of(trouble.since)}."
