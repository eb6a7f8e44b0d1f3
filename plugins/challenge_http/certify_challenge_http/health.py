"""Whether http-01 challenges could be answered by a listener of our own now, or who has its port."""

from __future__ import annotations

from certify_challenge_http.http_sys_refusals import HttpSysRefused
from certify_challenge_http.listener import Listener
from certify_core.api import Finding, LocalFault, Severity


class ChallengePortCheck:
    """Sees whether the port may be had; orders that want it meanwhile wait for that look."""

    name = "challenge-port"
    title = "The port of http-01 challenges"

    def __init__(self, port: int, listener: Listener) -> None:
        self._port = port
        self._listener = listener

    def run(self) -> list[Finding]:
        """Try it."""
        subject = str(self._port)
        try:
            self._listener.look()
        except LocalFault as fault:
            # A note: a web server's folder and dns-01 have no need of the port; whose order needs it hears of it.
            return [
                Finding(
                    code=fault.code if isinstance(fault, HttpSysRefused) else "challenge-port-held",
                    severity=Severity.NOTE,
                    what=f"Port {self._port} is not to be had for http-01 challenges.",
                    evidence=fault.cause,
                    remedy=f"It is needed for the challenge provider http alone. {fault.remedy}",
                    subject=subject,
                )
            ]
        what = f"Port {self._port} is ours for http-01 challenges."
        return [Finding("challenge-port", Severity.OK, what, subject=subject)]

    def fix(self, finding: Finding) -> str:
        """Refuse: to stop other programs is not ours."""
        raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)
