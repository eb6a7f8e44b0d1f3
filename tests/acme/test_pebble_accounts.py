"""Accounts at a real ACME server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from certify_core.acme import AccountKey, AcmeClient, ExternalAccountBinding, ProblemError
from certify_core.errors import InvalidInput, PolicyRefused, ProtocolViolation
from tests.support.issuance import Connect, names
from tests.support.pebble import EAB_KEYS, Pebble


@pytest.fixture(scope="module")
def eab_pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """A Pebble that opens accounts for its customers only, and refuses what is deprecated."""
    with Pebble(tmp_path_factory.mktemp("eab"), eab=True, strict=True) as running:
        yield running


def test_registering_twice_finds_the_same_account(pebble: Pebble, connect: Connect) -> None:
    key = AccountKey.generate()
    first = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=key).register(["admin@example.com"])
    second = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=key).register()
    assert first.url == second.url
    assert first.status == "valid"


def test_a_client_takes_up_an_account_by_its_address(pebble: Pebble, connect: Connect) -> None:
    key = AccountKey.generate()
    url = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=key).register().url
    later = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=key, account_url=url)
    assert later.new_order(names("taken-up.example")).status == "pending"


def test_the_directory_tells_of_terms_and_of_no_need_for_a_binding(pebble: Pebble, connect: Connect) -> None:
    client = connect(pebble.directory, ca_bundle=pebble.ca_bundle)
    assert client.terms_of_service is not None
    assert not client.needs_eab
    assert client.profiles == {}


def test_ordering_without_an_account_says_how_to_get_one(pebble: Pebble, connect: Connect) -> None:
    with pytest.raises(ProtocolViolation, match="certify account add"):
        connect(pebble.directory, ca_bundle=pebble.ca_bundle).new_order(names("nobody.example"))


def test_an_account_that_the_server_forgot_is_named_so(pebble: Pebble, connect: Connect) -> None:
    gone = pebble.directory.replace("/dir", "/my-account/gone")
    client = connect(pebble.directory, ca_bundle=pebble.ca_bundle, account_url=gone)
    with pytest.raises(ProblemError) as refused:
        client.new_order(names("forgotten.example"))
    assert refused.value.problem.kind == "accountDoesNotExist"


@pytest.fixture
def customer(eab_pebble: Pebble, connect: Connect) -> AcmeClient:
    """A client without an account, where accounts need a binding."""
    return connect(eab_pebble.directory, ca_bundle=eab_pebble.ca_bundle)


@pytest.mark.parametrize("kid", EAB_KEYS)
def test_an_external_account_binding_opens_an_account(customer: AcmeClient, kid: str) -> None:
    assert customer.needs_eab
    customer.register(eab=ExternalAccountBinding(kid, EAB_KEYS[kid]))
    assert customer.new_order(names("customer.example")).status == "pending"


def test_without_the_binding_the_authority_refuses(customer: AcmeClient) -> None:
    with pytest.raises(PolicyRefused, match="HMAC key") as refused:
        customer.register()
    assert isinstance(refused.value, ProblemError)
    assert refused.value.problem.kind == "externalAccountRequired"


def test_a_wrong_hmac_key_is_refused_and_not_shown(customer: AcmeClient) -> None:
    wrong = EAB_KEYS["kid-2"]
    with pytest.raises(ProblemError) as refused:
        customer.register(eab=ExternalAccountBinding("kid-1", wrong))
    assert wrong not in f"{refused.value!r} {refused.value}"


@pytest.mark.parametrize("hmac_key", ["", "not base64 at all!", "ключ"])
def test_an_unreadable_hmac_key_is_the_users_mistake(customer: AcmeClient, hmac_key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        customer.register(eab=ExternalAccountBinding("kid-1", hmac_key))
    assert refused.value.field == "eab.hmac_key"


def test_an_unknown_mac_algorithm_is_the_users_mistake(customer: AcmeClient) -> None:
    with pytest.raises(InvalidInput) as refused:
        customer.register(eab=ExternalAccountBinding("kid-1", EAB_KEYS["kid-1"], algorithm="MD5"))
    assert refused.value.field == "eab.algorithm"


def test_the_hmac_key_never_shows_in_a_repr() -> None:
    assert EAB_KEYS["kid-1"] not in repr(ExternalAccountBinding("kid-1", EAB_KEYS["kid-1"]))
