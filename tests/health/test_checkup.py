"""All checks are run side by side; one that raises or hangs is a finding, and harms nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from certify_core.api import Finding, InvalidInput, LocalFault, Severity
from certify_core.domain.finding import worst
from certify_core.health.checkup import Checkup
from tests.support.checks import MadeUpCheck, codes, finding


def raising(error: BaseException) -> Callable[[], list[Finding]]:
    """Return a check's `run` that raises."""

    def run() -> list[Finding]:
        raise error

    return run


def broken(name: str = "broken") -> MadeUpCheck:
    """Return a check that finds one thing that can be mended."""
    return MadeUpCheck(name, lambda: [finding("wrong", Severity.ERROR, fixable=True, subject="it")])


def test_every_finding_says_which_check_found_it() -> None:
    report = Checkup([MadeUpCheck("one"), MadeUpCheck("two")]).run()
    assert [found.check for found in report.findings] == ["one", "two"]


@pytest.mark.parametrize("severity", list(Severity))
def test_a_report_is_as_bad_as_its_worst_finding(severity: Severity) -> None:
    checks = [MadeUpCheck("good"), MadeUpCheck("bad", lambda: [finding("bad", severity)])]
    assert Checkup(checks).run().worst is severity


def test_no_finding_at_all_is_good() -> None:
    assert worst([]) is Severity.OK


@pytest.mark.parametrize(
    "error", [ValueError("hunter2"), AssertionError("hunter2"), SystemExit("hunter2"), KeyboardInterrupt("hunter2")]
)
def test_a_check_that_raises_is_a_finding_without_the_errors_text(error: BaseException) -> None:
    report = Checkup([MadeUpCheck("bad", raising(error)), MadeUpCheck("good")]).run()
    assert codes(report.findings) == {"check-failed", "made-up"}
    assert type(error).__name__ in report.findings[0].evidence
    assert "hunter2" not in repr(report)


def test_a_check_that_cannot_look_says_why_in_its_own_words() -> None:
    fault = LocalFault("The folder is closed.", "Open it.")
    (found,) = Checkup([MadeUpCheck("shut out", raising(fault))]).run().findings
    assert (found.evidence, found.remedy) == ("The folder is closed.", "Open it.")


def test_what_is_no_finding_is_a_fault_of_the_check() -> None:
    check = MadeUpCheck("wrong", lambda: ["all is well"])  # type: ignore[list-item]
    assert codes(Checkup([check]).run().findings) == {"check-failed"}


@pytest.fixture
def hanging() -> MadeUpCheck:
    """A check that ends when its `release` is set."""
    release = threading.Event()

    def run() -> list[Finding]:
        release.wait()
        return [finding("at last")]

    check = MadeUpCheck("slow", run)
    check.release = release  # type: ignore[attr-defined]
    return check


def test_a_check_that_hangs_is_a_finding_and_nobody_waits_for_it(hanging: MadeUpCheck) -> None:
    report = Checkup([hanging, MadeUpCheck("quick")], limit=0.05).run()
    hanging.release.set()  # type: ignore[attr-defined]
    assert codes(report.findings) == {"check-hangs", "made-up"}


def test_a_check_that_hangs_is_not_begun_again(hanging: MadeUpCheck) -> None:
    checkup = Checkup([hanging], limit=0.05)
    checkup.run()
    checkup.run()
    runs = hanging.runs
    hanging.release.set()  # type: ignore[attr-defined]
    assert runs == 1


def test_a_check_that_ends_at_last_is_heard(hanging: MadeUpCheck) -> None:
    checkup = Checkup([hanging], limit=10)
    threading.Timer(0.05, hanging.release.set).start()  # type: ignore[attr-defined]
    assert codes(checkup.run().findings) == {"at last"}


def test_a_plugins_check_takes_no_name_of_the_cores() -> None:
    report = Checkup([MadeUpCheck("disk"), MadeUpCheck("disk", lambda: [finding("impostor")])]).run()
    assert codes(report.findings) == {"made-up"}


def test_what_was_found_last_is_kept() -> None:
    checkup = Checkup([MadeUpCheck("one")], clock=lambda: 17.0)
    assert checkup.report is None
    checkup.run()
    assert checkup.report is not None
    assert checkup.report.checked_at == 17.0


def test_what_can_be_mended_is_mended_and_looked_at_again() -> None:
    wrong = [finding("wrong", Severity.ERROR, fixable=True, subject="it")]

    def mend(_: Finding) -> str:
        wrong.clear()
        return "Mended."

    checkup = Checkup([MadeUpCheck("one", lambda: wrong, mend)])
    (repair,) = checkup.fix()
    assert (repair.fixed, repair.told, checkup.report and checkup.report.worst) == (True, "Mended.", Severity.OK)


def test_what_cannot_be_mended_is_left_alone() -> None:
    assert Checkup([MadeUpCheck("one", lambda: [finding("wrong", Severity.ERROR)])]).fix() == []


def test_only_what_is_asked_for_is_mended() -> None:
    found = [finding("wrong", fixable=True, subject="a"), finding("wrong", fixable=True, subject="b")]
    repairs = Checkup([MadeUpCheck("one", lambda: found)]).fix("wrong", "b")
    assert [repair.finding.subject for repair in repairs] == ["b"]


@pytest.mark.parametrize("code", ["unheard-of", "made-up"])
def test_what_is_not_there_or_cannot_be_mended_is_refused_by_name(code: str) -> None:
    with pytest.raises(InvalidInput, match=code) as refused:
        Checkup([MadeUpCheck("one")]).fix(code)
    assert refused.value.field == "code"


@pytest.mark.parametrize(
    ("error", "told"),
    [(LocalFault("It is locked.", "Unlock it."), "It is locked. Unlock it."), (ValueError("hunter2"), "ValueError")],
)
def test_a_fix_that_fails_says_why_and_the_others_go_on(error: Exception, told: str) -> None:
    def fail(_: Finding) -> str:
        raise error

    failing = MadeUpCheck("failing", lambda: [finding("a", fixable=True)], fail)
    repairs = Checkup([failing, broken("good")]).fix()
    assert [repair.fixed for repair in repairs] == [False, True]
    assert told in repairs[0].told
    assert "hunter2" not in repairs[0].told
