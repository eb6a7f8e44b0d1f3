"""What is said of Windows' HTTP service in every state of it; tests/windows reads those states from Windows itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from certify_challenge_http.http_service import IIS, ServiceState
from certify_challenge_http.http_sys_check import HttpSysCheck
from certify_core.api import Finding, LocalFault, Severity

ABSENT = ServiceState(installed=False)
RUNS = ServiceState(installed=True, running=True)
DISABLED = ServiceState(installed=True, disabled=True)


@dataclass
class Machine:
    """What Windows would say."""

    http: ServiceState = RUNS
    iis: ServiceState = ABSENT
    listed: Sequence[str] = ()
    own: Sequence[str] = ("192.0.2.1", "2001:db8::1")
    started: list[str] = field(default_factory=list)

    def service(self, name: str) -> ServiceState:
        """Return a service's state."""
        return self.iis if name == IIS else self.http

    def enable_and_start(self, name: str) -> None:
        """Note that it was started."""
        self.started.append(name)

    def listen_addresses(self) -> Sequence[str]:
        """Return http.sys's list."""
        return self.listed

    def machine_addresses(self) -> Sequence[str]:
        """Return the machine's addresses."""
        return self.own


def found(machine: Machine) -> list[tuple[str, Severity]]:
    """Return what is found."""
    return [(item.code, item.severity) for item in HttpSysCheck(machine).run()]


@pytest.mark.parametrize(
    ("http", "iis", "code", "severity"),
    [
        (ABSENT, ABSENT, "http-service-missing", Severity.NOTE),
        (DISABLED, ABSENT, "http-service-disabled", Severity.NOTE),
        (DISABLED, RUNS, "http-service-disabled", Severity.WARNING),
        (ServiceState(installed=True, stopping=True), RUNS, "http-service-stopping", Severity.WARNING),
    ],
)
def test_a_service_that_cannot_be_used_is_said(
    http: ServiceState, iis: ServiceState, code: str, severity: Severity
) -> None:
    assert found(Machine(http, iis)) == [(code, severity)]


def test_a_service_that_starts_on_demand_is_as_good_as_one_that_runs() -> None:
    assert found(Machine(ServiceState(installed=True))) == [("http-service", Severity.OK), ("http-listen", Severity.OK)]


def test_a_disabled_service_is_started_where_iis_needs_it() -> None:
    machine = Machine(DISABLED, RUNS)
    check = HttpSysCheck(machine)
    (finding,) = check.run()
    check.fix(finding)
    assert (finding.fixable, machine.started) == (True, ["HTTP"])


def test_a_disabled_service_that_nobody_needs_is_left_alone() -> None:
    machine = Machine(DISABLED)
    (finding,) = HttpSysCheck(machine).run()
    with pytest.raises(LocalFault):
        HttpSysCheck(machine).fix(finding)
    assert machine.started == []


@pytest.mark.parametrize(
    "listed",
    [(), ("0.0.0.0", "::"), ("192.0.2.1", "2001:db8::1"), ("127.0.0.1", "192.0.2.1", "::"), ("::", "192.0.2.1")],
)
def test_addresses_that_are_all_listened_on_are_well(listed: Sequence[str]) -> None:
    assert found(Machine(listed=listed))[1] == ("http-listen", Severity.OK)


def some(*listed: str) -> Finding:
    """Return what is said of a list that lacks some addresses."""
    finding = HttpSysCheck(Machine(listed=listed)).run()[1]
    assert finding.code == "http-listen-some"
    return finding


@pytest.mark.parametrize(
    ("listed", "missing"),
    [
        (("127.0.0.1",), "192.0.2.1, 2001:db8::1"),
        (("192.0.2.1",), "2001:db8::1"),
        (("0.0.0.0",), "2001:db8::1"),
        (("::",), "192.0.2.1"),
        (("2001:db8::1",), "192.0.2.1"),
    ],
)
def test_an_address_that_is_not_listened_on_is_named_in_either_family(listed: Sequence[str], missing: str) -> None:
    assert f"Not on it: {missing}." in some(*listed).evidence


def test_one_address_is_to_be_added_and_not_all_of_them() -> None:
    remedy = some("127.0.0.1").remedy
    assert ("netsh http add iplisten ipaddress=192.0.2.1" in remedy, "Do not add 0.0.0.0 or ::" in remedy) == (
        True,
        True,
    )


def test_what_windows_does_not_tell_is_said_as_that() -> None:
    class Silent(Machine):
        def listen_addresses(self) -> Sequence[str]:
            raise OSError(5, "access denied")

    assert found(Silent()) == [("http-service-unknown", Severity.NOTE)]
