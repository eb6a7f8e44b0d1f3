"""Which bindings get a certificate: a table of cases, over configurations of every shape."""

from __future__ import annotations

import pytest

from certify_iis.bindings import CENTRAL_STORE, SNI, Binding
from certify_iis.options import Holder, Options, Wanted
from certify_iis.planner import plan_bindings
from tests.plugins.iis.sites import FOREIGN, NEW, OLD, after, configuration, http, https, shown, site, wanted

APP_HTTP = site(http("*:80:app.test"))
UPDATE_ONLY = Options(add=False)
BLANK = Options(blank_host=True)
PREVIOUS = [OLD.thumbprint]

CASES = {
    "an http binding gets an https one beside it, with SNI": (
        [APP_HTTP], wanted("app.test"), Options(), ["+*:443:app.test flags=1"]),
    "a wildcard covers one label": (
        [site(http("*:80:a.wild.test"))], wanted("*.wild.test"), Options(), ["+*:443:a.wild.test flags=1"]),
    "a wildcard does not cover two labels": (
        [site(http("*:80:a.b.wild.test"))], wanted("*.wild.test"), Options(), []),
    "a wildcard does not cover the domain itself": (
        [site(http("*:80:wild.test"))], wanted("*.wild.test"), Options(), []),
    "a wildcard binding is matched by the same wildcard": (
        [site(http("*:80:*.wild.test"))], wanted("*.wild.test"), Options(), ["+*:443:*.wild.test flags=1"]),
    "a wildcard binding is not matched by one of its names": (
        [site(http("*:80:*.wild.test"))], wanted("a.wild.test"), Options(), []),
    "case does not count": (
        [site(http("*:80:App.Test"))], wanted("app.test"), Options(), ["+*:443:App.Test flags=1"]),
    "names of other alphabets are matched in either form": (
        [site(http("*:80:bücher.test"))], wanted("xn--bcher-kva.test"), Options(), ["+*:443:bücher.test flags=1"]),
    "an existing binding is updated": (
        [site(https("*:443:app.test", SNI, FOREIGN))], wanted("app.test"), Options(), ["~*:443:app.test"]),
    "an existing binding keeps port, address and flags": (
        [site(https("192.0.2.1:8443:app.test", 33))], wanted("app.test"), Options(), ["~192.0.2.1:8443:app.test"]),
    "an existing binding on another port is enough for its host": (
        [site(http("*:80:app.test"), https("*:8443:app.test", SNI))], wanted("app.test"), Options(),
        ["~*:8443:app.test"]),
    "a previous certificate is replaced whatever the host": (
        [site(https("*:443:old.test", SNI, OLD))], wanted("app.test", previous=PREVIOUS), Options(),
        ["~*:443:old.test"]),
    "a previous certificate is kept if so asked": (
        [site(https("*:443:old.test", SNI, OLD))], wanted("app.test", previous=PREVIOUS),
        Options(replace_previous=False), []),
    "a binding without a host is left alone": (
        [site(http("*:80:"), https("*:443:", 0, FOREIGN))], wanted("app.test"), Options(), []),
    "a binding without a host is updated if asked": (
        [site(https("*:443:", 0, FOREIGN))], wanted("app.test"), BLANK, ["~*:443:"]),
    "an http binding without a host gets an https one without SNI if asked": (
        [site(http("*:80:"))], wanted("app.test"), BLANK, ["+*:443: flags=0"]),
    "an http binding without a host keeps its address": (
        [site(http("192.0.2.7:80:"))], wanted("app.test"), BLANK, ["+192.0.2.7:443: flags=0"]),
    "a binding without a host is matched by its address in the certificate": (
        [site(https("192.0.2.7:443:"))], wanted("192.0.2.7"), Options(), ["~192.0.2.7:443:"]),
    "update-only adds nothing": (
        [APP_HTTP], wanted("app.test"), UPDATE_ONLY, []),
    "update-only updates": (
        [site(https("*:443:app.test", SNI, OLD))], wanted("app.test"), UPDATE_ONLY, ["~*:443:app.test"]),
    "a new binding has the asked address and port": (
        [APP_HTTP], wanted("app.test"), Options(ip="192.0.2.5", port=8443), ["+192.0.2.5:8443:app.test flags=1"]),
    "an IPv6 address is written in brackets": (
        [APP_HTTP], wanted("app.test"), Options(ip="2001:db8::5"), ["+[2001:db8::5]:443:app.test flags=1"]),
    "a new binding has no SNI if so asked": (
        [APP_HTTP], wanted("app.test"), Options(flags=0), ["+*:443:app.test flags=0"]),
    "two http bindings of one host get one https binding": (
        [site(http("*:80:app.test"), http("*:8080:app.test"))], wanted("app.test"), Options(),
        ["+*:443:app.test flags=1"]),
    "of two sites with one host the one with the lower id gets the binding": (
        [site(http("*:8080:app.test"), number=2), APP_HTTP], wanted("app.test"), Options(),
        ["+*:443:app.test flags=1"]),
    "only sites that are named are touched": (
        [site(http("*:80:a.test")), site(http("*:80:b.test"), number=2)], wanted("a.test", "b.test"),
        Options(sites=("site 2",)), ["+*:443:b.test flags=1"]),
    "a site is named by its id too": (
        [site(http("*:80:a.test")), site(http("*:80:b.test"), number=2)], wanted("a.test", "b.test"),
        Options(sites=("1",)), ["+*:443:a.test flags=1"]),
    "a previous certificate of a site that is not named is kept": (
        [site(https("*:443:a.test", SNI, OLD))], wanted("a.test", previous=PREVIOUS), Options(sites=("Site 9",)), []),
    "a stopped site is left alone": (
        [site(http("*:80:app.test"), started=False)], wanted("app.test"), Options(), []),
    "a stopped site is matched if asked": (
        [site(http("*:80:app.test"), started=False)], wanted("app.test"), Options(stopped=True),
        ["+*:443:app.test flags=1"]),
    "a stopped site is matched if it is named": (
        [site(http("*:80:app.test"), started=False)], wanted("app.test"), Options(sites=("Site 1",)),
        ["+*:443:app.test flags=1"]),
    "a previous certificate of a stopped site is replaced": (
        [site(https("*:443:app.test", SNI, OLD), started=False)], wanted("app.test", previous=PREVIOUS), Options(),
        ["~*:443:app.test"]),
    "a previous certificate of an FTP site is replaced": (
        [site(Binding("ftp", "*:21:"), ftp=OLD)], wanted("app.test", previous=PREVIOUS), Options(), ["ftp Site 1"]),
    "another certificate of an FTP site is left alone": (
        [site(Binding("ftp", "*:21:"), ftp=FOREIGN)], wanted("app.test"), Options(), []),
    "an FTP site that is named gets the certificate": (
        [site(Binding("ftp", "*:21:"))], wanted("app.test"), Options(sites=("Site 1",)), ["ftp Site 1"]),
    "an FTP site that is named and has other hosts is left alone": (
        [site(Binding("ftp", "*:21:other.test"))], wanted("app.test"), Options(sites=("Site 1",)), []),
    "update-only gives no certificate to an FTP site without one": (
        [site(Binding("ftp", "*:21:"))], wanted("app.test"), Options(sites=("Site 1",), add=False), []),
    "other protocols are never touched": (
        [site(Binding("net.tcp", "808:*"), Binding("net.pipe", "*"), Binding("net.msmq", "app.test"))],
        wanted("app.test"), BLANK, []),
    "a binding of the central store is left alone": (
        [site(https("*:443:app.test", SNI | CENTRAL_STORE))], wanted("app.test"), Options(), []),
    "with the central store, a new binding has its flag and SNI": (
        [APP_HTTP], wanted("app.test"), Options(central_store=True), ["+*:443:app.test flags=3"]),
    "with the central store, a binding of it stays as it is": (
        [site(https("*:443:app.test", SNI | CENTRAL_STORE))], wanted("app.test"), Options(central_store=True), []),
    "with the central store, another binding is moved to it": (
        [site(https("*:443:app.test", 33, OLD))], wanted("app.test"), Options(central_store=True),
        ["~*:443:app.test flags=3"]),
    "the central store serves no binding without a host": (
        [site(http("*:80:"), https("*:443:"))], wanted("app.test"), Options(central_store=True, blank_host=True), []),
    "a certificate that is shared with a foreign binding is left alone": (
        [site(https("*:443:app.test", 0, FOREIGN)), site(https("*:443:other.test", 0, FOREIGN), number=2)],
        wanted("app.test"), Options(), []),
    "a certificate that is shared by bindings which all match is changed": (
        [site(https("*:443:a.test", 0, OLD)), site(https("*:443:b.test", 0, OLD), number=2)],
        wanted("a.test", "b.test"), Options(), ["~*:443:a.test", "~*:443:b.test"]),
    "the same address and port with SNI is not shared": (
        [site(https("*:443:app.test", SNI, OLD)), site(https("*:443:", 0, FOREIGN), number=2)],
        wanted("app.test"), Options(), ["~*:443:app.test"]),
    "a new binding without SNI does not take over a shared certificate": (
        [APP_HTTP, site(https("*:443:other.test", 0, FOREIGN), number=2)], wanted("app.test"), Options(flags=0), []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_plan_is_as_the_table_says(case: str) -> None:
    sites, wish, options, expected = CASES[case]
    assert shown(plan_bindings(sites, wish, options).changes) == expected


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_left_to_do_after_the_plan_was_carried_out(case: str) -> None:
    sites, wish, options, _ = CASES[case]
    changed = after(sites, plan_bindings(sites, wish, options).changes)
    assert plan_bindings(changed, wish, options).changes == ()


FILES = {
    "many protocols": ("small", wanted("app.test"), BLANK, ["+*:443: flags=0", "~*:443:app.test"]),
    "every binding of a host, each with its port, address and flags": (
        "every-shape", wanted("app.test"), Options(),
        ["~*:443:app.test", "~*:8443:app.test", "~192.0.2.9:443:app.test"]),
    "one of two addresses": ("every-shape", wanted("192.0.2.2"), Options(), ["~192.0.2.2:443:"]),
    "an IPv6 address": ("every-shape", wanted("2001:db8::1"), Options(), ["~[2001:db8::1]:443:"]),
    "a host on an IPv6 address": ("every-shape", wanted("v6.test"), Options(), ["~[2001:db8::1]:8443:v6.test"]),
    "a wildcard and a name under it": (
        "every-shape", wanted("*.wild.test"), Options(), ["~*:443:*.wild.test", "+*:443:one.wild.test flags=1"]),
    "the central store": ("every-shape", wanted("central.test"), Options(), []),
    "a stopped site that is asked for": (
        "every-shape", wanted("stopped.test"), Options(stopped=True), ["~*:444:stopped.test"]),
    "an FTP site with the previous certificate": (
        "every-shape", wanted("x.test", previous=["A" * 40]), Options(), ["ftp Files"]),
    "another alphabet": ("every-shape", wanted("bücher.test"), Options(), ["+*:443:bücher.test flags=1"]),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_configurations_of_every_shape_are_planned_as_the_table_says(case: str) -> None:
    name, wish, options, expected = FILES[case]
    if case == "an FTP site with the previous certificate":
        wish = Wanted(OLD, wish.names, wish.previous)
    assert sorted(shown(plan_bindings(configuration(name), wish, options).changes)) == sorted(expected)


def test_of_two_addresses_with_a_blank_host_only_the_one_with_the_previous_certificate_changes() -> None:
    sites = configuration("every-shape", {"192.0.2.1:443:": FOREIGN, "192.0.2.2:443:": OLD})
    assert shown(plan_bindings(sites, wanted("x.test", previous=PREVIOUS), Options()).changes) == ["~192.0.2.2:443:"]


def test_what_is_left_alone_is_said_with_the_reason() -> None:
    sites = [site(https("*:443:app.test", 0, FOREIGN)), site(https("*:443:other.test", 0, FOREIGN), number=2)]
    (left,) = plan_bindings(sites, wanted("app.test"), Options()).left
    assert (left.site_name, "https *:443:other.test of Site 2" in left.reason) == ("Site 1", True)


def test_a_site_that_is_not_there_is_said() -> None:
    assert plan_bindings([APP_HTTP], wanted("app.test"), Options(sites=("Gone",))).unknown_sites == ("Gone",)


def test_a_binding_that_shows_the_certificate_already_is_said_to_be_right() -> None:
    binding = https("*:443:app.test", SNI, NEW)
    plan = plan_bindings([site(binding)], wanted("app.test"), Options())
    assert [found for _, found in plan.right] == [binding]


HELD = {FOREIGN.thumbprint: Holder("Other", ("app.test",))}


def test_a_binding_that_another_managed_certificate_holds_is_not_taken_from_it() -> None:
    wish = Wanted(NEW, ("app.test",), held=HELD)
    assert plan_bindings([site(https("*:443:app.test", SNI, FOREIGN))], wish, Options()).changes == ()


def test_an_exact_name_takes_a_binding_from_a_wildcard() -> None:
    wish = Wanted(NEW, ("app.test",), held={FOREIGN.thumbprint: Holder("Other", ("*.test",))})
    plan = plan_bindings([site(https("*:443:app.test", SNI, FOREIGN))], wish, Options())
    assert shown(plan.changes) == ["~*:443:app.test"]


def test_naming_the_site_takes_a_binding_from_another_managed_certificate() -> None:
    wish = Wanted(NEW, ("app.test",), held=HELD)
    plan = plan_bindings([site(https("*:443:app.test", SNI, FOREIGN))], wish, Options(sites=("Site 1",)))
    assert shown(plan.changes) == ["~*:443:app.test"]
