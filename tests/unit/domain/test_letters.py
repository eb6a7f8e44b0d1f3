"""Messages as people read them."""

from __future__ import annotations

from dataclasses import replace

from certify_core.api import Finding, Message, Severity
from certify_core.domain.letters import LONGEST_SUBJECT, NAMED, letter, summary, trial
from certify_core.domain.news import News
from certify_core.domain.notification import Trouble

NOW = 1_800_000_000.0
FULL = Finding("disk-full", Severity.ERROR, "The disk is full.", "3 MB are free.", "Make room.", subject="/data")
ODD = Finding("clock-off", Severity.WARNING, "The clock is behind.", "By 90 s.", "Set the clock.")


def told(*come: Finding, gone: tuple[Finding, ...] = (), least: Severity = Severity.WARNING) -> Message | None:
    """Return the letter of these news."""
    news = News(tuple(Trouble(found, NOW) for found in come), tuple(Trouble(found, NOW) for found in gone))
    return letter(news, "web1", least=least)


def test_one_trouble_is_told_with_cause_and_remedy() -> None:
    assert told(FULL) == Message(
        "Certify on web1: The disk is full.",
        "ERROR: The disk is full.\n3 MB are free.\n→ Make room.",
        Severity.ERROR,
    )


def test_several_troubles_are_one_letter_with_the_worst_first() -> None:
    message = told(ODD, FULL)
    assert message is not None
    assert (message.subject, message.severity) == ("Certify on web1: 2 things need somebody", Severity.ERROR)
    assert message.text.index("disk") < message.text.index("clock")


def test_what_is_gone_is_told_with_when_it_began() -> None:
    message = told(gone=(FULL,))
    assert message == Message(
        "Certify on web1: recovered: The disk is full.",
        "RECOVERED: The disk is full. Found first on 2027-01-15 08:00 UTC.",
        Severity.OK,
    )


def test_what_is_less_bad_than_wanted_is_not_told() -> None:
    assert told(ODD, gone=(ODD,), least=Severity.ERROR) is None


def test_very_many_troubles_are_counted_and_not_all_described() -> None:
    message = told(*(replace(FULL, subject=f"/{number}") for number in range(NAMED + 970)))
    assert message is not None
    assert (message.text.count("ERROR:"), "And 970 more" in message.text) == (NAMED, True)


def test_a_subject_is_one_short_line() -> None:
    message = told(replace(FULL, what="Too\nlong. " * 100))
    assert message is not None
    assert ("\n" in message.subject, len(message.subject)) == (False, LONGEST_SUBJECT)


def test_a_summary_tells_how_everything_stands() -> None:
    message = summary("web1", {"healthy": 3, "error": 1}, [("app.test", NOW)], [Trouble(FULL, NOW)])
    assert (message.subject, message.severity) == ("Certify on web1: 1 thing needs somebody", Severity.ERROR)
    for part in ("4 managed certificates: 1 error, 3 healthy.", "- app.test: 2027-01-15 08:00 UTC", "→ Make room."):
        assert part in message.text


def test_a_summary_of_what_is_well_says_so() -> None:
    message = summary("web1", {}, [], [])
    assert (message.subject, message.text) == (
        "Certify on web1: all is well",
        "0 managed certificates.\n\nNothing needs anybody.",
    )


def test_a_trial_is_no_trouble() -> None:
    assert trial("web1").severity is Severity.OK
