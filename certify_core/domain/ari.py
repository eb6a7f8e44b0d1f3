"""When an authority wants a certificate renewed: ACME Renewal Information (RFC 9773), as values and rules.

The authority suggests a window. One moment in it is chosen, once, and kept for as long as the window stays the same.
When the window is read, how long it counts and what follows a failed reading is decided here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from certify_core.domain.spread import fraction_of

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
READ_EVERY = 6 * HOUR
"""Seconds between readings where the authority does not say (RFC 9773 section 4.3.3)."""
SOONEST, LATEST = MINUTE, DAY
"""Seconds: what the authority says is taken for no less and no more than this (RFC 9773 section 4.3.2)."""
SPREAD = 0.05
"""Readings are spread over this share of their distance, so that a thousand do not come at once."""
READ_AGAIN = (MINUTE, 4 * MINUTE, 16 * MINUTE, 64 * MINUTE, READ_EVERY)
"""Seconds to wait after the first, second, ... failed reading in a row."""
BORN_OVER_AGAIN = HOUR
"""Seconds that a renewal waits if two certificates in a row had a window that was over from the beginning."""


class Origin(BaseModel):
    """Where a certificate comes from: whom to ask for its window, and who alone may replace it (section 5)."""

    model_config = ConfigDict(frozen=True)

    ari_id: str
    """Names the certificate at the authority (RFC 9773 section 4.1)."""
    authority: str
    """The authority's id, or the address of its ACME directory."""
    directory: str
    account: str
    """The account's address."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What an authority suggests for one certificate (RFC 9773 section 4.2); its end is later than its start."""

    start: float
    """Seconds since the epoch."""
    end: float
    explanation_url: str | None = None
    """A page for people that says why."""
    retry_after: float | None = None
    """Seconds after which to ask again, where the authority says so."""


class RenewalWindow(BaseModel):
    """A suggestion, and the moment that was chosen in it."""

    model_config = ConfigDict(frozen=True)

    start: float
    """Seconds since the epoch, as all of these."""
    end: float
    chosen: float
    explanation_url: str | None = None


class RenewalInformation(BaseModel):
    """All that is known of the window of one certificate."""

    model_config = ConfigDict(frozen=True)

    ari_id: str
    """Of the certificate."""
    since: float
    """When the certificate was saved; seconds since the epoch, as all of these."""
    window: RenewalWindow | None = None
    fresh_until: float | None = None
    """Until when the window counts although it cannot be read again."""
    stale: bool = False
    """Whether it could not be read again for too long."""
    checked_at: float | None = None
    """When it was last read."""
    next_check_at: float
    failures: int = 0
    """Readings that failed in a row."""
    problem: str | None = None
    """Why the last one failed."""
    born_over: int = 0
    """How many certificates in a row, before this one, had a window that was over before they were saved."""
    second: RenewalInformation | None = None
    """Of the other certificate of a pair."""

    def moment(self, own: float) -> float | None:
        """Return the chosen moment if it goes before `own`, the moment of our own rule; else None.

        A window that could not be read for too long never makes a renewal later. Of a pair the earlier one counts.
        """
        windows = [known.window for known in (self, self.second) if known is not None and not known._is_too_old(own)]
        return min((window.chosen for window in windows if window is not None), default=None)

    @property
    def reading_at(self) -> float:
        """When the next window is to be read."""
        return self.next_check_at if self.second is None else min(self.next_check_at, self.second.next_check_at)

    def _is_too_old(self, own: float) -> bool:
        return self.window is not None and self.stale and self.window.chosen > own


def begun(ari_id: str, now: float, before: RenewalInformation | None) -> RenewalInformation:
    """Return what is known of a certificate that was saved right now, and takes the place of that of `before`."""
    born_over = before.born_over + 1 if before is not None and _is_born_over(before) else 0
    return RenewalInformation(ari_id=ari_id, since=now, next_check_at=now, born_over=born_over)


def read(known: RenewalInformation, suggestion: Suggestion | None, now: float) -> RenewalInformation:
    """Return what is known after a reading; without a suggestion the authority has none for anybody."""
    asked = None if suggestion is None else suggestion.retry_after
    wait = READ_EVERY if asked is None else min(max(asked, SOONEST), LATEST)
    # What the authority asks for may come a little later and not earlier; our own rhythm the other way round.
    share = SPREAD * fraction_of(known.ari_id, str(now))
    return known.model_copy(
        update={
            "window": None if suggestion is None else _chosen(known, suggestion),
            "fresh_until": None if suggestion is None else now + 2 * max(wait, READ_EVERY),
            "stale": False,
            "checked_at": now,
            "next_check_at": now + wait * (1 - share if asked is None else 1 + share),
            "failures": 0,
            "problem": None,
        }
    )


def missed(known: RenewalInformation, problem: str, retry_after: float | None, now: float) -> RenewalInformation:
    """Return what is known after a reading that failed: the window stays, and counts until it is too old."""
    wait = max(READ_AGAIN[min(known.failures, len(READ_AGAIN) - 1)], min(retry_after or 0.0, LATEST))
    wait *= 1 + SPREAD * fraction_of(known.ari_id, str(now))
    return known.model_copy(
        update={
            "stale": known.fresh_until is not None and now >= known.fresh_until,
            "next_check_at": now + wait,
            "failures": known.failures + 1,
            "problem": problem,
        }
    )


def same_window(one: RenewalWindow | None, other: RenewalWindow | None) -> bool:
    """Whether two windows have the same start and end."""
    return (one and (one.start, one.end)) == (other and (other.start, other.end))


def _chosen(known: RenewalInformation, suggestion: Suggestion) -> RenewalWindow:
    start, end = suggestion.start, suggestion.end
    window = known.window
    if window is not None and (window.start, window.end) == (start, end):
        return window.model_copy(update={"explanation_url": suggestion.explanation_url})
    # Drawn by lot from what never changes: the same after a restart, and different for every certificate.
    chosen = min(start + (end - start) * fraction_of(known.ari_id, str(start), str(end)), end)
    if window is None and end < known.since and known.born_over:
        # An authority that calls every new certificate overdue must not make us order without a pause.
        chosen = known.since + min(BORN_OVER_AGAIN * 2.0 ** (known.born_over - 1), DAY)
    return RenewalWindow(start=start, end=end, chosen=chosen, explanation_url=suggestion.explanation_url)


def _is_born_over(information: RenewalInformation) -> bool:
    return information.window is not None and information.window.end < information.since
