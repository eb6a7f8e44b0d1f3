"""An account's life at a real ACME server: found by its key, signed for by others, closed; and revocations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.acme import AccountKey, AcmeClient, ProblemError
from certify_core.domain.keys import KeyType
from certify_core.errors import PolicyRefused
from tests.support.http01 import Http01Responder
from tests.support.issuance import Connect, issue, names
from tests.support.pebble import Pebble

KEY_TYPES = [KeyType.P256, KeyType.P384, KeyType.RSA_2048]


def der_of(chain: str) -> bytes:
    """Return the certificate at the head of a chain."""
    return x509.load_pem_x509_certificate(chain.encode()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_a_key_of_every_kind_orders(pebble: Pebble, connect: Connect, key_type: KeyType) -> None:
    client = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=AccountKey.generate(key_type))
    client.register()
    assert client.new_order(names("any-key.example")).status == "pending"


def test_an_account_is_found_by_its_key(pebble: Pebble, connect: Connect) -> None:
    key = AccountKey.generate()
    opened = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=key).register(["admin@example.com"])
    found = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=key).find_account()
    assert found is not None
    assert (found.url, found.contact) == (opened.url, ("mailto:admin@example.com",))


def test_looking_for_an_account_opens_none(pebble: Pebble, connect: Connect) -> None:
    client = connect(pebble.directory, ca_bundle=pebble.ca_bundle)
    assert [client.find_account(), client.find_account()] == [None, None]


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_another_key_signs_for_the_same_account(client: AcmeClient, key_type: KeyType) -> None:
    before = client.account_url
    client.change_key(AccountKey.generate(key_type))
    assert client.new_order(names("changed.example")).status == "pending"
    assert client.account_url == before


def test_the_old_key_counts_no_longer(pebble: Pebble, connect: Connect) -> None:
    old, new = AccountKey.generate(), AccountKey.generate()
    client = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=old)
    client.register()
    client.change_key(new)
    found = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=new).find_account()
    assert connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=old).find_account() is None
    assert found is not None
    assert found.url == client.account_url


def test_the_answer_to_a_challenge_is_made_with_the_key_that_counts(client: AcmeClient) -> None:
    new = AccountKey.generate()
    client.change_key(new)
    assert client.key_authorization("token") == f"token.{new.thumbprint}"


def test_a_key_that_has_an_account_is_refused_and_nothing_changes(
    pebble: Pebble, client: AcmeClient, connect: Connect
) -> None:
    taken = AccountKey.generate()
    connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=taken).register()
    with pytest.raises(ProblemError):
        client.change_key(taken)
    assert client.new_order(names("still-mine.example")).status == "pending"


def test_no_request_of_any_client_fails_while_the_key_changes(pebble: Pebble, connect: Connect) -> None:
    key = AccountKey.generate()
    first = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=key)
    url = first.register().url
    second = connect(pebble.directory, ca_bundle=pebble.ca_bundle, key=key, account_url=url)
    order = first.new_order(names("busy.example"))

    def work(number: int) -> str:
        return (first if number % 2 else second).order(order.url).status

    with ThreadPoolExecutor(12) as threads:
        reading = [threads.submit(work, number) for number in range(200)]
        for _ in range(5):
            first.change_key(AccountKey.generate(), [second])
        assert {read.result() for read in reading} == {"pending"}


def test_an_authority_without_key_change_says_so(scripted: AcmeClient) -> None:
    with pytest.raises(PolicyRefused, match="does not let accounts change their key"):
        scripted.change_key(AccountKey.generate())


def test_a_closed_account_orders_nothing(client: AcmeClient) -> None:
    client.deactivate()
    with pytest.raises(ProblemError) as refused:
        client.new_order(names("closed.example"))
    assert refused.value.problem.kind == "unauthorized"


@pytest.mark.parametrize(("code", "told"), [(0, None), (1, 1), (3, 3), (4, 4), (5, 5)])
def test_a_certificate_is_revoked_with_its_reason(
    pebble: Pebble, client: AcmeClient, responder: Http01Responder, code: int, told: int | None
) -> None:
    chain = issue(client, responder, f"revoked-{code}.example")
    client.revoke(der_of(chain), code)
    status = pebble.certificate_status(chain)
    assert (status["Status"], status.get("Reason")) == ("Revoked", told)


def test_revoking_twice_is_told_so(client: AcmeClient, responder: Http01Responder) -> None:
    chain = issue(client, responder, "twice.example")
    client.revoke(der_of(chain), 4)
    with pytest.raises(ProblemError) as refused:
        client.revoke(der_of(chain), 4)
    assert refused.value.problem.kind == "alreadyRevoked"


def test_another_account_may_not_revoke(
    pebble: Pebble, client: AcmeClient, connect: Connect, responder: Http01Responder
) -> None:
    chain = issue(client, responder, "not-yours.example")
    stranger = connect(pebble.directory, ca_bundle=pebble.ca_bundle)
    stranger.register()
    with pytest.raises(ProblemError) as refused:
        stranger.revoke(der_of(chain), 4)
    assert refused.value.problem.kind == "unauthorized"
