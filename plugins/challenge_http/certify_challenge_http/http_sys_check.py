"""Whether Windows' HTTP service (http.sys) is fit to answer challenges: its service, and the addresses it listens on.

What it says to our own prefix, reservations included, is seen by trying it: `health.ChallengePortCheck` does.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from typing import Protocol

import psutil

from certify_challenge_http import http_service, httpapi
from certify_challenge_http.addresses import EVERY
from certify_challenge_http.http_service import ServiceState
from certify_challenge_http.http_sys_configuration import listen_addresses
from certify_challenge_http.http_sys_refusals import START_SERVICE
from certify_core.api import Finding, LocalFault, Severity

SERVICE_DISABLED = "http-service-disabled"


class HttpSys(Protocol):
    """The edge to Windows; each call raises OSError if Windows does not do it."""

    def service(self, name: str) -> ServiceState:
        """Return a service's state."""

    def enable_and_start(self, name: str) -> None:
        """Let a service start when needed, and start it."""

    def listen_addresses(self) -> Sequence[str]:
        """Return the addresses that http.sys listens on; none means all."""

    def machine_addresses(self) -> Sequence[str]:
        """Return the addresses that others reach this machine by."""


class Windows:
    """This machine."""

    service = staticmethod(http_service.state)
    enable_and_start = staticmethod(http_service.enable_and_start)

    def listen_addresses(self) -> Sequence[str]:
        """Ask http.sys."""
        return listen_addresses(httpapi.load())

    def machine_addresses(self) -> Sequence[str]:
        """Ask the network interfaces; addresses of one link alone are left out."""
        addresses = [one.address for found in psutil.net_if_addrs().values() for one in found if one.family in _IP]
        return [
            address
            for address in addresses
            if not address.startswith(("127.", "169.254.", "fe80")) and address != "::1"
        ]


_IP = {socket.AF_INET, socket.AF_INET6}


class HttpSysCheck:
    """Looks at http.sys; mends a disabled service where IIS needs it."""

    name = "http-sys"
    title = "Windows' HTTP service (http.sys)"

    def __init__(self, windows: HttpSys | None = None) -> None:
        self._windows = windows or Windows()
        self._looking = threading.Lock()

    def run(self) -> list[Finding]:
        """Look at the service, and if it can be used, at its addresses; one after the other, who looks at once."""
        with self._looking:
            return self._look()

    def fix(self, finding: Finding) -> str:
        """Let the service start when it is needed, and start it.

        Raises:
            LocalFault: that is not what the finding is about, or Windows refuses.
        """
        if finding.code != SERVICE_DISABLED or not finding.fixable:
            raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)
        try:
            self._windows.enable_and_start(http_service.NAME)
        except OSError as error:
            raise LocalFault(
                f"Windows' HTTP service cannot be enabled: {error.strerror or error}.",
                f"Run as administrator: {START_SERVICE}.",
            ) from error
        return "Windows' HTTP service starts when it is needed, and runs."

    def _look(self) -> list[Finding]:
        try:
            service = self._windows.service(http_service.NAME)
            if not service.installed or service.disabled:
                return [_unusable(service, with_iis=self._windows.service(http_service.IIS).installed)]
            if service.stopping:
                return [_stopping()]
            listed, own = self._windows.listen_addresses(), self._windows.machine_addresses()
        except OSError as error:
            return [
                Finding(
                    "http-service-unknown",
                    Severity.NOTE,
                    "Windows does not tell how its HTTP service is doing.",
                    evidence=str(error),
                    remedy="Run certify doctor as administrator.",
                )
            ]
        return [_usable(service), _about_addresses(listed, own)]


def _usable(service: ServiceState) -> Finding:
    how = "runs" if service.running else "starts when it is needed"
    return Finding("http-service", Severity.OK, f"Windows' HTTP service {how}: port 80 can be shared with IIS.")


def _stopping() -> Finding:
    return Finding(
        "http-service-stopping",
        Severity.WARNING,
        "Windows' HTTP service was told to stop, and has not stopped.",
        evidence="Its state is STOP_PENDING. Until that is over nothing of Windows listens on port 80.",
        remedy="If it is still so in a minute, restart Windows: it cannot be started before it has stopped.",
    )


def _unusable(service: ServiceState, *, with_iis: bool) -> Finding:
    if not service.installed:
        return Finding(
            "http-service-missing",
            Severity.NOTE,
            "There is no HTTP service of Windows here: challenges are answered by a listener that has its port alone.",
        )
    if with_iis:
        return Finding(
            SERVICE_DISABLED,
            Severity.WARNING,
            "Windows' HTTP service is disabled, and IIS, which is installed, cannot work without it.",
            evidence="The start type of the service HTTP is 'disabled'.",
            remedy=f"Run as administrator: {START_SERVICE}.",
            fixable=True,
        )
    # Somebody may want it so: challenges need no more than a port of our own.
    return Finding(
        SERVICE_DISABLED,
        Severity.NOTE,
        "Windows' HTTP service is disabled: challenges are answered by a listener that has its port alone.",
        evidence="The start type of the service HTTP is 'disabled'; IIS is not installed.",
        remedy=f"To share the port with other web programs of Windows, run as administrator: {START_SERVICE}.",
    )


def _about_addresses(listed: Sequence[str], own: Sequence[str]) -> Finding:
    """Compare the addresses http.sys listens on with those of the machine."""
    deaf = [address for address in own if listed and not _covers(listed, address)]
    if not listed:
        return Finding("http-listen", Severity.OK, "Windows' HTTP service listens on every address of this machine.")
    if not deaf:
        return Finding(
            "http-listen",
            Severity.OK,
            "Windows' HTTP service listens on every address by which others reach this machine.",
            evidence=f"Its list: {', '.join(listed)}.",
        )
    return Finding(
        "http-listen-some",
        Severity.NOTE,
        "Windows' HTTP service does not listen on every address of this machine.",
        evidence=f"Its list: {', '.join(listed)}. Not on it: {', '.join(deaf)}.",
        remedy="Challenges for names that lead to another address are not answered by it. Add that address alone, as "
        f"administrator: netsh http add iplisten ipaddress={deaf[0]}. Do not add 0.0.0.0 or ::, by which IIS and all "
        "that shares its ports take them on every address, also from web servers that have them there.",
    )


def _covers(listed: Sequence[str], address: str) -> bool:
    every_v4, every_v6 = EVERY
    return address in listed or (every_v6 if ":" in address else every_v4) in listed
