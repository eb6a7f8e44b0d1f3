"""CAA records that would have a renewal refused are found beforehand, with a real name server and a real authority."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from certify_core.acme import AccountKey
from certify_core.api import Finding, KeyType, PluginContext, Severity
from certify_core.domain.caa import CaaRecord, permits
from certify_core.health.caa import CaaCheck
from certify_core.plugins import Plugins
from certify_core.store import Store
from tests.support.dns_server import DnsServer
from tests.support.scripted_server import ScriptedServer, json_reply
from tests.support.stores import issue, open_store, wanting

US = "ca.test"
REQUIRED = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
ACCOUNT = "https://ca.test/account/1"


def record(value: str, tag: str = "issue", flags: int = 0) -> CaaRecord:
    """Return a record."""
    return CaaRecord(flags, tag, value)


@pytest.mark.parametrize(
    ("records", "wildcard", "expected"),
    [
        ([], False, True),
        ([record(US)], False, True),
        ([record("CA.test.")], False, True),
        ([record("other.test")], False, False),
        ([record("other.test"), record(US)], False, True),
        ([record(";")], False, False),
        ([record("mailto:x@y.test", "iodef")], False, True),
        ([record(US), record("other.test", "issuewild")], True, False),
        ([record("other.test"), record(US, "issuewild")], True, True),
        ([record(US), record("other.test", "issuewild")], False, True),
        ([record(US)], True, True),
        ([record("anything", "unheard-of")], False, True),
        ([record("anything", "unheard-of", 128)], False, False),
        ([record(f"{US}; accounturi={ACCOUNT}")], False, True),
        ([record(f"{US}; accounturi=https://ca.test/account/2")], False, False),
    ],
)
def test_records_allow_an_authority_as_the_rfc_says(records: list[CaaRecord], wildcard: bool, expected: bool) -> None:
    assert permits(records, {US}, wildcard=wildcard, account=ACCOUNT) is expected


@dataclass
class Surroundings:
    """A store with an account and a certificate, a name server, and the authority."""

    store: Store
    dns: DnsServer
    plugins: Plugins
    authority: ScriptedServer

    def found(self) -> dict[str, Finding]:
        """Return what the check finds, by code."""
        check = CaaCheck(self.store, self.plugins, resolver=self.dns.resolver)
        return {finding.code: finding for finding in check.run()}


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[Surroundings]:
    """An authority that calls itself ca.test, and a certificate of it for www.shop.test and *.wild.test."""
    with ScriptedServer() as server, DnsServer() as dns, open_store(tmp_path) as store:
        urls = dict.fromkeys(REQUIRED, server.url)
        server.on("/directory", json_reply({**urls, "meta": {"caaIdentities": [US]}}))
        directory = f"{server.url}/directory"
        store.accounts.add(directory, AccountKey.generate(KeyType.P256).to_pem(), time.time())
        issue(store, store.certificates.create(wanting("www.shop.test", "*.wild.test", authority=directory), 0))
        yield Surroundings(store, dns, Plugins(PluginContext(tmp_path)), server)


def test_names_without_records_are_free(surroundings: Surroundings) -> None:
    assert surroundings.found()["caa"].severity is Severity.OK


def test_a_record_of_a_domain_above_forbids(surroundings: Surroundings) -> None:
    surroundings.dns.records["shop.test.", "CAA"] = ['0 issue "other.test"']
    found = surroundings.found()["caa-forbids"]
    assert (found.severity, "www.shop.test" in found.what, 'CAA 0 issue "other.test"' in found.evidence) == (
        Severity.ERROR,
        True,
        True,
    )


def test_a_nearer_record_wins(surroundings: Surroundings) -> None:
    surroundings.dns.records["shop.test.", "CAA"] = ['0 issue "other.test"']
    surroundings.dns.records["www.shop.test.", "CAA"] = [f'0 issue "{US}"']
    assert set(surroundings.found()) == {"caa"}


def test_a_wildcard_has_records_of_its_own(surroundings: Surroundings) -> None:
    surroundings.dns.records["wild.test.", "CAA"] = [f'0 issue "{US}"', '0 issuewild ";"']
    assert "*.wild.test" in surroundings.found()["caa-forbids"].what


def test_records_that_cannot_be_read_are_said_and_not_guessed(surroundings: Surroundings) -> None:
    surroundings.dns.failing.add("www.shop.test.")
    found = surroundings.found()
    assert (set(found), "www.shop.test" in found["caa-unknown"].evidence) == ({"caa-unknown"}, True)


def test_nobody_is_asked_about_names_of_an_authority_that_does_not_say_who_it_is(surroundings: Surroundings) -> None:
    surroundings.authority.on("/directory", json_reply(dict.fromkeys(REQUIRED, surroundings.authority.url)))
    surroundings.dns.records["shop.test.", "CAA"] = ['0 issue "other.test"']
    assert (set(surroundings.found()), surroundings.dns.asked) == ({"caa"}, [])
