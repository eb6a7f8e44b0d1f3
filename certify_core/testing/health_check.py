"""What every `HealthCheck` has to keep, as tests that a plugin author's test class inherits.

    class TestMyCheck(HealthCheckContract):
        @pytest.fixture
        def check(self, tmp_path):
            return MyCheck(tmp_path)

The check has to be able to look; what it finds is its own business.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from certify_core.api import CertifyError, Finding, HealthCheck, Severity

LIMIT = 20.0
"""Seconds; a service waits no longer."""


class HealthCheckContract:
    """Inherit, give `check`, and every test below has to pass."""

    @pytest.fixture
    def check(self) -> HealthCheck:
        """Return the check."""
        raise NotImplementedError("override the fixture `check`")

    @pytest.fixture
    def findings(self, check: HealthCheck) -> Sequence[Finding]:
        """Return what it finds."""
        return check.run()

    def test_it_keeps_the_protocol(self, check: HealthCheck) -> None:
        assert isinstance(check, HealthCheck)

    def test_its_name_is_short_and_in_lower_case(self, check: HealthCheck) -> None:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", check.name)
        assert check.title.strip()

    def test_it_finds_findings(self, findings: Sequence[Finding]) -> None:
        assert [type(finding) for finding in findings] == [Finding] * len(findings)

    def test_every_finding_has_a_code_and_a_sentence(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", finding.code)
            assert finding.what.endswith(".")

    def test_what_is_bad_comes_with_a_remedy(self, findings: Sequence[Finding]) -> None:
        bad = [finding for finding in findings if finding.severity in {Severity.WARNING, Severity.ERROR}]
        assert [finding for finding in bad if not finding.remedy] == []

    def test_findings_of_one_code_are_about_different_things(self, findings: Sequence[Finding]) -> None:
        about = [(finding.code, finding.subject) for finding in findings]
        assert len(about) == len(set(about))

    def test_it_comes_to_an_end(self, check: HealthCheck) -> None:
        began = time.monotonic()
        check.run()
        assert time.monotonic() - began < LIMIT

    def test_looking_again_finds_the_same(self, check: HealthCheck, findings: Sequence[Finding]) -> None:
        again = check.run()
        assert {(item.code, item.subject) for item in again} == {(item.code, item.subject) for item in findings}

    def test_it_may_be_run_from_several_threads_at_once(self, check: HealthCheck) -> None:
        together = threading.Barrier(4)

        def run(_: int) -> Sequence[Finding]:
            together.wait(LIMIT)
            return check.run()

        with ThreadPoolExecutor(4) as threads:
            codes = [{finding.code for finding in findings} for findings in threads.map(run, range(4))]
        assert codes == [codes[0]] * 4

    def test_what_is_not_fixable_is_refused(self, check: HealthCheck) -> None:
        with pytest.raises(CertifyError):
            check.fix(Finding("unheard-of", Severity.ERROR, "Something unheard of.", subject="nowhere"))
