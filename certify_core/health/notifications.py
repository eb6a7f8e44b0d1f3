"""Whether people can be told what does not work."""

from __future__ import annotations

from certify_core.domain.finding import Finding, Severity
from certify_core.health.check import NothingToFix
from certify_core.store import Store


class NotificationsCheck(NothingToFix):
    """Looks for messages that could not be sent."""

    name = "notifications"
    title = "Notifications"

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> list[Finding]:
        """Look at the oldest message of each channel."""
        counts = self._store.outbox.counts()
        findings = [_failing(channel_id, number, self._store) for channel_id, number in sorted(counts.items())]
        bad = [finding for finding in findings if finding is not None]
        channels = len(self._store.channels.all())
        told = f"{channels} channels tell people." if channels else "There is no channel: certify notify add."
        return bad or [Finding("notifications", Severity.OK, "No message waits in vain.", told)]


def _failing(channel_id: str, number: int, store: Store) -> Finding | None:
    waiting = store.outbox.first(channel_id)
    if waiting is None or waiting.failure is None:
        return None
    return Finding(
        code="notification-failing",
        severity=Severity.WARNING,
        what=f"Messages do not reach the channel {channel_id}.",
        evidence=f"{waiting.failure.cause} Tried {waiting.failure_count} times; {number} messages wait.",
        remedy=f"{waiting.failure.remedy} It is tried again by itself.".strip(),
        subject=channel_id,
    )
