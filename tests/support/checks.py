"""Health checks that tests make up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from certify_core.api import Finding, Severity


def finding(
    code: str = "made-up", severity: Severity = Severity.OK, *, fixable: bool = False, subject: str = ""
) -> Finding:
    """Return a finding."""
    return Finding(code, severity, f"{code} was found.", remedy="Do something.", fixable=fixable, subject=subject)


class MadeUpCheck:
    """A check that does what a test says."""

    def __init__(
        self,
        name: str,
        run: Callable[[], Sequence[Finding]] = lambda: [finding()],
        fix: Callable[[Finding], str] = lambda found: f"Mended {found.subject}.",
    ) -> None:
        self.name = name
        self.title = f"The check {name}"
        self._run = run
        self._fix = fix
        self.runs = 0

    def run(self) -> Sequence[Finding]:
        """Do as the test says."""
        self.runs += 1
        return self._run()

    def fix(self, found: Finding) -> str:
        """Do as the test says."""
        return self._fix(found)


def codes(findings: Sequence[Finding]) -> set[str]:
    """Return the codes of findings."""
    return {found.code for found in findings}
