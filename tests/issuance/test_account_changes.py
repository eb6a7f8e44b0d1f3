"""Accounts change while certificates are looked after: another key, an account from elsewhere, the end of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from certify_core.acme import AccountKey
from certify_core.domain.keys import KeyType
from tests.support.accounts import account_at, address_of, client_at, opened_elsewhere
from tests.support.chaos_proxy import ChaosProxy, Fault
from tests.support.issuing import issue, request, show
from tests.support.pebble import Pebble
from tests.support.service import Ended, Service
from tests.support.stores import stored_bytes

Wish = Callable[..., dict[str, Any]]


@pytest.fixture
def service(tmp_path: Path, pebble: Pebble) -> Iterator[Service]:
    """A service without accounts that logs all it can."""
    running = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port, logLevel="debug").start()
    yield running
    running.close()


@pytest.fixture
def key_file(tmp_path: Path) -> Callable[[str], str]:
    """Write the file of a key."""

    def write(text: str) -> str:
        (tmp_path / "account.key").write_text(text)
        return str(tmp_path / "account.key")

    return write


def imported(service: Service, pebble: Pebble, file: str, *more: str) -> Ended:
    """Import an account on the command line."""
    where = ("--ca", pebble.directory, "--ca-bundle", str(pebble.ca_bundle))
    return service.certify("account", "import", *where, "--key", file, *more)


def added(service: Service, pebble: Pebble) -> dict[str, Any]:
    """Return an account that no certificate uses."""
    answer = service.call("POST", "/api/accounts", {"authority": pebble.directory, "ca_bundle": str(pebble.ca_bundle)})
    assert answer.status == 200, answer.body
    account: dict[str, Any] = answer.body
    return account


def test_after_a_rollover_the_same_account_orders_with_another_key(
    service: Service, wish: Wish, pebble: Pebble
) -> None:
    certificate = issue(service, wish("rollover.example.test"))
    before = account_at(service, pebble)
    ended = service.certify("account", "rollover", pebble.directory)
    after = account_at(service, pebble)
    request(service, certificate["id"])
    assert (ended.code, after["url"], after["thumbprint"] in ended.out) == (0, before["url"], True)
    assert after["thumbprint"] != before["thumbprint"]
    renewed = show(service, certificate["id"])
    assert (renewed["status"], renewed["issued"]["serial"] == certificate["issued"]["serial"]) == ("healthy", False)


@pytest.mark.parametrize(
    ("key_type", "algorithm"), [("ecdsa-p256", "ES256"), ("ecdsa-p384", "ES384"), ("rsa-2048", "RS256")]
)
def test_the_new_key_may_be_of_any_kind(
    service: Service, wish: Wish, pebble: Pebble, key_type: str, algorithm: str
) -> None:
    account = added(service, pebble)
    service.certify("account", "rollover", account["url"], "--key-type", key_type)
    assert account_at(service, pebble)["algorithm"] == algorithm
    assert issue(service, wish("any-kind.example.test"))["status"] == "healthy"


def test_a_rollover_survives_a_restart(service: Service, wish: Wish, pebble: Pebble) -> None:
    added(service, pebble)
    changed = service.certify("account", "rollover", pebble.directory, "--json").json
    service.stop()
    service.start()
    assert account_at(service, pebble) == changed
    assert issue(service, wish("restarted.example.test"))["status"] == "healthy"


def test_orders_under_way_go_on_through_rollovers(service: Service, wish: Wish, pebble: Pebble) -> None:
    account = added(service, pebble)
    names = [f"busy-{number}.example.test" for number in range(12)]
    created = [service.call("POST", "/api/managedcertificates", wish(name)).body for name in names]
    for _ in range(4):
        assert service.call("POST", f"/api/accounts/{account['id']}/rollover").status == 200
    for item in created:
        service.call("GET", f"/api/operations/{item['operation']}/events")
    assert {show(service, item["id"])["status"] for item in created} == {"healthy"}


def test_a_rollover_of_an_account_that_is_not_there_is_not_found(service: Service) -> None:
    assert service.certify("account", "rollover", "letsencrypt").code == 4
    assert service.call("POST", "/api/accounts/nobody/rollover").status == 404


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.P384, KeyType.RSA_2048])
def test_an_imported_account_orders_from_then_on(
    service: Service, wish: Wish, pebble: Pebble, key_file: Callable[[str], str], key_type: KeyType
) -> None:
    key = opened_elsewhere(pebble, key_type)
    ended = imported(service, pebble, key_file(key.to_pem()))
    assert (ended.code, str(address_of(pebble, key)) in ended.out) == (0, True)
    assert issue(service, wish("imported.example.test"))["status"] == "healthy"
    with client_at(pebble, key) as client:
        found = client.find_account()
        assert found is not None
        assert found.orders_url is not None
        assert len(list(client.orders(found.orders_url))) == 1


def test_a_key_of_certbot_is_imported(service: Service, pebble: Pebble, key_file: Callable[[str], str]) -> None:
    from josepy.jwk import JWK

    key = opened_elsewhere(pebble, KeyType.RSA_2048)
    text = json.dumps(JWK.load(key.to_pem().encode()).fields_to_partial_json() | {"kty": "RSA"})
    assert imported(service, pebble, key_file(text)).code == 0
    assert account_at(service, pebble)["thumbprint"] == key.thumbprint


def test_a_key_that_the_authority_does_not_know_is_refused(
    service: Service, pebble: Pebble, key_file: Callable[[str], str]
) -> None:
    ended = imported(service, pebble, key_file(AccountKey.generate().to_pem()))
    assert (ended.code, "has no active account for this key" in ended.err) == (2, True)
    assert service.call("GET", "/api/accounts").body["accounts"] == []


def test_the_key_of_a_closed_account_is_refused(
    service: Service, pebble: Pebble, key_file: Callable[[str], str]
) -> None:
    key = opened_elsewhere(pebble)
    with client_at(pebble, key) as client:
        client.find_account()
        client.deactivate()
    ended = imported(service, pebble, key_file(key.to_pem()))
    assert (ended.code, "deactivated" in ended.err) == (2, True)


def test_a_file_that_is_no_key_is_refused(service: Service, pebble: Pebble, key_file: Callable[[str], str]) -> None:
    ended = imported(service, pebble, key_file("something else"))
    assert (ended.code, "This is no private key" in ended.err) == (2, True)


def test_a_binary_file_is_refused(service: Service, pebble: Pebble, tmp_path: Path) -> None:
    (tmp_path / "account.p12").write_bytes(bytes(range(256)))
    ended = imported(service, pebble, str(tmp_path / "account.p12"))
    assert (ended.code, "This is no text" in ended.err) == (2, True)


def test_an_authority_that_signs_here_has_no_accounts(service: Service, key_file: Callable[[str], str]) -> None:
    file = key_file(AccountKey.generate().to_pem())
    assert service.certify("account", "import", "--ca", "local", "--key", file).code == 2


def test_another_account_is_not_replaced_in_silence(
    service: Service, pebble: Pebble, key_file: Callable[[str], str]
) -> None:
    present = added(service, pebble)
    ended = imported(service, pebble, key_file(opened_elsewhere(pebble).to_pem()))
    assert (ended.code, "--replace" in ended.err) == (5, True)
    assert account_at(service, pebble) == present


def test_another_account_is_replaced_if_that_is_said(
    service: Service, wish: Wish, pebble: Pebble, key_file: Callable[[str], str]
) -> None:
    certificate = issue(service, wish("replaced.example.test"))
    key = opened_elsewhere(pebble)
    assert imported(service, pebble, key_file(key.to_pem()), "--replace").code == 0
    request(service, certificate["id"])
    assert show(service, certificate["id"])["status"] == "healthy"
    assert account_at(service, pebble)["url"] == address_of(pebble, key)


def test_the_same_account_may_be_imported_again(
    service: Service, pebble: Pebble, key_file: Callable[[str], str]
) -> None:
    file = key_file(opened_elsewhere(pebble).to_pem())
    first = imported(service, pebble, file, "--json").json
    assert imported(service, pebble, file, "--json").json == first


def test_an_imported_key_shows_nowhere(service: Service, pebble: Pebble, key_file: Callable[[str], str]) -> None:
    pem = opened_elsewhere(pebble).to_pem()
    ended = imported(service, pebble, key_file(pem), "--json")
    secret = pem.splitlines()[1]
    assert secret not in ended.out + ended.err + service.log()
    assert secret.encode() not in stored_bytes(service.data_dir)


def test_a_refused_key_shows_nowhere(service: Service, pebble: Pebble, key_file: Callable[[str], str]) -> None:
    pem = AccountKey.generate().to_pem()
    ended = imported(service, pebble, key_file(pem))
    assert ended.code == 2
    assert pem.splitlines()[1] not in ended.out + ended.err + service.log()


def test_a_closed_account_is_gone_here_and_at_the_authority(
    service: Service, pebble: Pebble, key_file: Callable[[str], str]
) -> None:
    key = opened_elsewhere(pebble)
    imported(service, pebble, key_file(key.to_pem()))
    assert service.certify("account", "deactivate", pebble.directory, "--yes").code == 0
    assert service.call("GET", "/api/accounts").body["accounts"] == []
    assert "deactivated" in imported(service, pebble, key_file(key.to_pem())).err


def test_it_asks_before_it_closes_an_account(service: Service, pebble: Pebble) -> None:
    present = added(service, pebble)
    ended = service.certify("account", "deactivate", pebble.directory, stdin="n\n")
    assert (ended.code, present["url"] in ended.err) == (1, True)
    assert account_at(service, pebble) == present


def test_an_account_that_certificates_use_is_not_closed_and_they_are_named(
    service: Service, wish: Wish, pebble: Pebble
) -> None:
    issue(service, wish("user.example.test", name="Shop"))
    ended = service.certify("account", "deactivate", pebble.directory, "--yes")
    assert (ended.code, "use" in ended.err, "Shop" in ended.err) == (5, True, True)
    assert account_at(service, pebble)["url"] is not None


def test_after_a_forced_end_the_next_order_opens_another_account(service: Service, wish: Wish, pebble: Pebble) -> None:
    certificate = issue(service, wish("forced.example.test"))
    before = account_at(service, pebble)
    assert service.certify("account", "deactivate", pebble.directory, "--yes", "--force").code == 0
    request(service, certificate["id"])
    assert show(service, certificate["id"])["status"] == "healthy"
    assert account_at(service, pebble)["url"] != before["url"]


def test_a_certificate_that_falls_back_to_an_authority_uses_its_account(
    service: Service, wish: Wish, pebble: Pebble
) -> None:
    account = added(service, pebble)
    new = {"identifiers": ["fallback.example.test"], "authority": "local", "renewal": {"automatic": False}}
    fallback = {"on_failure": {"fallback_authorities": [pebble.directory]}}
    used = service.call("POST", "/api/managedcertificates", {**new, **fallback}).body
    service.call("POST", "/api/managedcertificates", {**new, "name": f'not "{pebble.directory}" at all'})
    shown = service.call("GET", f"/api/accounts/{account['id']}").body
    assert [user["id"] for user in shown["used_by"]] == [used["id"]]


@pytest.fixture
def proxy(tmp_path: Path, pebble: Pebble) -> Iterator[ChaosProxy]:
    """An authority that a test does harm to."""
    with ChaosProxy(tmp_path / "proxy", pebble.directory, pebble.ca_bundle) as running:
        yield running


@pytest.fixture
def through_proxy(service: Service, proxy: ChaosProxy) -> dict[str, Any]:
    """An account at that authority."""
    answer = service.call("POST", "/api/accounts", {"authority": proxy.directory, "ca_bundle": str(proxy.ca_bundle)})
    account: dict[str, Any] = answer.body
    return account


def issues_through(service: Service, proxy: ChaosProxy) -> bool:
    """Whether a certificate can be had there."""
    where = {"authority": proxy.directory, "ca_bundle": str(proxy.ca_bundle)}
    return bool(issue(service, {"identifiers": ["harmed.example.test"], **where})["status"] == "healthy")


def test_a_rollover_whose_answer_is_lost_is_one_all_the_same(
    service: Service, proxy: ChaosProxy, through_proxy: dict[str, Any]
) -> None:
    proxy.arm("/rollover-account-key", Fault(after=True))
    answer = service.call("POST", f"/api/accounts/{through_proxy['id']}/rollover")
    assert (answer.status, answer.body["thumbprint"] == through_proxy["thumbprint"]) == (200, False)
    assert issues_through(service, proxy)


def test_a_rollover_that_never_arrived_is_asked_for_again(
    service: Service, proxy: ChaosProxy, through_proxy: dict[str, Any]
) -> None:
    proxy.arm("/rollover-account-key", Fault())
    answer = service.call("POST", f"/api/accounts/{through_proxy['id']}/rollover")
    assert (answer.status, proxy.struck) == (200, True)
    assert answer.body["thumbprint"] != through_proxy["thumbprint"]
    assert issues_through(service, proxy)


def test_a_rollover_that_the_authority_never_heard_of_is_made_up_for_with_the_next_use(
    service: Service, proxy: ChaosProxy, through_proxy: dict[str, Any]
) -> None:
    proxy.arm("/rollover-account-key", Fault(status=503))
    answer = service.call("POST", f"/api/accounts/{through_proxy['id']}/rollover")
    assert (answer.status, account_at(service, proxy)["thumbprint"]) == (502, through_proxy["thumbprint"])
    assert issues_through(service, proxy)
    assert account_at(service, proxy)["thumbprint"] != through_proxy["thumbprint"]


def test_a_rollover_that_is_refused_changes_nothing(
    service: Service, proxy: ChaosProxy, through_proxy: dict[str, Any]
) -> None:
    proxy.arm("/rollover-account-key", Fault(status=403))
    answer = service.call("POST", f"/api/accounts/{through_proxy['id']}/rollover")
    assert (answer.status, account_at(service, proxy)) == (422, through_proxy)
    assert issues_through(service, proxy)
    assert account_at(service, proxy) == through_proxy


def test_an_end_whose_answer_is_lost_is_one_all_the_same(
    service: Service, proxy: ChaosProxy, through_proxy: dict[str, Any]
) -> None:
    proxy.arm("/my-account", Fault(after=True))
    service.call("POST", f"/api/accounts/{through_proxy['id']}/deactivate")
    assert issues_through(service, proxy)
    assert account_at(service, proxy)["url"] != through_proxy["url"]
