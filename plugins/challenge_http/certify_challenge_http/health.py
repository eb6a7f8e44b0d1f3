"""Whether http-01 challenges could be answered by a listener of our own now, or who has its port."""

from __future__ import annotations

import os
import socket
import threading

from certify_challenge_http.ports import EVERY_ADDRESS, NO_SUCH_FAMILY, holder_of, port_fault
from certify_core.api import Finding, LocalFault, Severity


class ChallengePortCheck:
    """Sees whether the port may be had, without listening on it: a web server that starts meanwhile gets it."""

    name = "challenge-port"
    title = "The port of http-01 challenges"

    def __init__(self, port: int) -> None:
        self._port = port
        self._looking = threading.Lock()
        """Two who look at once would each find the other one there."""

    def run(self) -> list[Finding]:
        """Try it."""
        subject = str(self._port)
        with self._looking:
            fault = self._fault()
        if fault is None or f"(pid {os.getpid()})" in holder_of(self._port):
            what = f"Port {self._port} is ours for http-01 challenges."
            return [Finding("challenge-port", Severity.OK, what, subject=subject)]
        # A note: who uses a web server's folder, or dns-01, has no need of the port; whose order needs it hears of it.
        return [
            Finding(
                code="challenge-port-held",
                severity=Severity.NOTE,
                what=f"Port {self._port} is not to be had for http-01 challenges.",
                evidence=fault.cause,
                remedy=f"It is needed for the challenge provider http alone. {fault.remedy}",
                subject=subject,
            )
        ]

    def fix(self, finding: Finding) -> str:
        """Refuse: to stop other programs is not ours."""
        raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)

    def _fault(self) -> LocalFault | None:
        for family, address in EVERY_ADDRESS.items():
            try:
                with socket.socket(family) as probe:
                    if os.name == "posix":  # elsewhere it means that a port may be had twice
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family is socket.AF_INET6:
                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    probe.bind((address, self._port))
            except OSError as error:
                if error.errno not in NO_SUCH_FAMILY:
                    return port_fault(self._port, error)
        return None
