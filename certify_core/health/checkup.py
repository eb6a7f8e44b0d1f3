"""Runs health checks side by side and keeps what they found; one that raises or hangs is itself a finding.

Every check has a thread of its own. A check that hangs costs that one thread: until it has ended it is not begun again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from certify_core.contracts import HealthCheck
from certify_core.domain.finding import Finding, Severity, worst
from certify_core.errors import CertifyError, InvalidInput

LIMIT = 20.0
"""Seconds that a check may take."""
_BLIND = {"check-failed", "check-hangs"}
"""Findings that say that a check could not look."""
_LOG = "See logs/service.exceptions.log in the data folder, and tell the author of the check's plugin."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What all checks found."""

    checked_at: float
    """Seconds since the epoch."""
    findings: tuple[Finding, ...]
    checked: frozenset[str] = frozenset()
    """The names of the checks that could look."""

    @property
    def worst(self) -> Severity:
        """The worst of them."""
        return worst(self.findings)


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of one finding that was to be mended."""

    finding: Finding
    fixed: bool
    told: str
    """What was done, or why it was not."""


class Checkup:
    """All health checks of this process."""

    def __init__(
        self, checks: Iterable[HealthCheck], *, limit: float = LIMIT, clock: Callable[[], float] = time.time
    ) -> None:
        """`limit` is how many seconds a check may take."""
        self._checks: dict[str, HealthCheck] = {}
        for check in checks:
            self._checks.setdefault(check.name, check)  # a plugin's takes no name of the core's
        self._limit = limit
        self._clock = clock
        self._running = threading.Lock()
        self._begun: dict[str, _Run] = {}
        """What is at work, or was when nobody waited for it any more."""
        self.report: Report | None = None
        """What was found last; None before the first time."""

    def run(self) -> Report:
        """Run every check and keep what they found; who calls it meanwhile waits for its turn."""
        with self._running:
            findings = self._found_by(list(self._checks.values()))
            blind = {finding.check for finding in findings if finding.code in _BLIND}
            self.report = Report(self._clock(), tuple(findings), frozenset(self._checks.keys() - blind))
        return self.report

    def fix(self, code: str | None = None, subject: str | None = None) -> list[Repair]:
        """Mend what can be mended, look again, and return what was done.

        Args:
            code: only findings of this code.
            subject: only findings about this.

        Raises:
            InvalidInput: there is no finding of this code, or it is not fixable; names the field ``code``.
        """
        found = [item for item in self.run().findings if _is_asked_for(item, code, subject)]
        fixable = [finding for finding in found if finding.fixable]
        if code is not None and not fixable:
            raise InvalidInput(
                "code",
                f"{code} cannot be fixed by itself." if found else f"There is no finding {code} now.",
                found[0].remedy if found else "See `certify doctor`.",
            )
        repairs = [self._repair(finding) for finding in fixable]
        if repairs:
            self.run()
        return repairs

    def _repair(self, finding: Finding) -> Repair:
        try:
            told = self._checks[finding.check].fix(finding)
        except CertifyError as error:
            return Repair(finding, fixed=False, told=str(error))
        except Exception as error:
            _log.exception("The health check %s could not fix %s", finding.check, finding.code)
            return Repair(finding, fixed=False, told=f"The fix raised {type(error).__name__}. {_LOG}")
        _log.warning("Health: %s %s", finding.what, told)
        return Repair(finding, fixed=True, told=told)

    def _found_by(self, checks: Sequence[HealthCheck]) -> list[Finding]:
        """Begin all checks, then wait for each."""
        for check in checks:
            if check.name not in self._begun:
                self._begun[check.name] = _Run(check)
        deadline = time.monotonic() + self._limit
        return [replace(finding, check=check.name) for check in checks for finding in self._awaited(check, deadline)]

    def _awaited(self, check: HealthCheck, deadline: float) -> Sequence[Finding]:
        run = self._begun[check.name]
        if not run.ended.wait(max(deadline - time.monotonic(), 0.0)):
            return [_hangs(check, run.seconds)]
        del self._begun[check.name]
        return run.findings


class _Run:
    """One call of a check, in a thread that nobody has to wait for."""

    def __init__(self, check: HealthCheck) -> None:
        self.ended = threading.Event()
        self.findings: Sequence[Finding] = ()
        self._check = check
        self._began = time.monotonic()
        threading.Thread(target=self._work, name=f"health-{check.name}", daemon=True).start()

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return time.monotonic() - self._began

    def _work(self) -> None:
        try:
            self.findings = _checked(self._check.run())
        except BaseException as error:  # whatever it is, SystemExit too: it must not harm anybody else
            self.findings = [_raised(self._check, error)]
        finally:
            self.ended.set()


def _checked(findings: Sequence[Finding]) -> Sequence[Finding]:
    for finding in findings:
        if not isinstance(finding, Finding):
            raise TypeError(f"a check returned a {type(finding).__name__}")
    return list(findings)


def _is_asked_for(finding: Finding, code: str | None, subject: str | None) -> bool:
    return code in {None, finding.code} and subject in {None, finding.subject}


def _raised(check: HealthCheck, error: BaseException) -> Finding:
    # Not the text of a stranger's error: it may hold a secret.
    if isinstance(error, CertifyError):
        evidence, remedy = error.cause, error.remedy
    else:
        evidence, remedy = f"It raised {type(error).__name__}.", _LOG
        _log.error("The health check %s failed", check.name, exc_info=error)
    return Finding(
        code="check-failed",
        severity=Severity.WARNING,
        what=f"The check '{check.title}' could not be made.",
        evidence=evidence,
        remedy=remedy,
        subject=check.name,
    )


def _hangs(check: HealthCheck, seconds: float) -> Finding:
    return Finding(
        code="check-hangs",
        severity=Severity.WARNING,
        what=f"The check '{check.title}' does not end.",
        evidence=f"It began {seconds:.0f} s ago.",
        remedy="It is not begun again before it has ended. If that is never, restart the service.",
        subject=check.name,
    )
