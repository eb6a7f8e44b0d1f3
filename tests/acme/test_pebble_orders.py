"""Orders at a real ACME server, from the first request to the certificate."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from certify_core.acme import AcmeClient, ProblemError
from certify_core.errors import PolicyRefused
from tests.support.http01 import Http01Responder
from tests.support.issuance import Connect, answer_http01, issue, names, settled
from tests.support.local_ca import request
from tests.support.pebble import Pebble


def _alternatives(chain: str) -> x509.SubjectAlternativeName:
    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    return leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_an_order_ends_in_a_certificate_with_its_chain(client: AcmeClient, responder: Http01Responder) -> None:
    chain = x509.load_pem_x509_certificates(issue(client, responder, "whole.example").encode())
    chain[0].verify_directly_issued_by(chain[1])


def test_many_names_go_into_one_certificate(client: AcmeClient, responder: Http01Responder) -> None:
    wanted = [f"name-{number}.example" for number in range(12)]
    assert _alternatives(issue(client, responder, *wanted)).get_values_for_type(x509.DNSName) == wanted


def test_an_ip_address_gets_a_certificate(client: AcmeClient, responder: Http01Responder) -> None:
    addresses = _alternatives(issue(client, responder, "127.0.0.1")).get_values_for_type(x509.IPAddress)
    assert [str(address) for address in addresses] == ["127.0.0.1"]


def test_an_internationalised_name_is_ordered_as_a_labels(client: AcmeClient, responder: Http01Responder) -> None:
    chain = issue(client, responder, "bücher.example")
    assert _alternatives(chain).get_values_for_type(x509.DNSName) == ["xn--bcher-kva.example"]


def test_a_wildcard_is_authorized_by_its_base_name_and_dns_alone(client: AcmeClient) -> None:
    order = client.new_order(names("*.wild.example"))
    (authorization,) = client.authorizations(order.authorizations)
    assert authorization.wildcard
    assert authorization.identifier.value == "wild.example"
    assert {offer.type for offer in authorization.offers} == {"dns-01"}


def test_authorizations_come_in_the_order_of_their_addresses(client: AcmeClient) -> None:
    order = client.new_order(names("one.example", "two.example", "three.example"))
    addresses = order.authorizations[::-1]
    assert [authorization.url for authorization in client.authorizations(addresses)] == list(addresses)


def test_an_order_whose_answer_was_lost_is_found_in_the_accounts_list(pebble: Pebble, connect: Connect) -> None:
    client = connect(pebble.directory, ca_bundle=pebble.ca_bundle)
    orders_url = client.register().orders_url
    assert orders_url is not None
    placed = [client.new_order(names(f"lost-{number}.example")).url for number in range(8)]
    assert set(client.orders(orders_url)) == set(placed)
    assert client.order(placed[5]).identifiers == ("lost-5.example",)


def test_a_failed_challenge_keeps_the_problem_document_whole(client: AcmeClient, responder: Http01Responder) -> None:
    order = client.new_order(names("wrong.example"))
    (authorization,) = client.authorizations(order.authorizations)
    offer = next(offer for offer in authorization.offers if offer.type == "http-01")
    responder.answers[offer.token] = "something else"
    client.answer(offer.url)
    assert settled(client, order, "pending").status == "invalid"
    (failed,) = client.authorizations(order.authorizations)
    problem = next(offer.error for offer in failed.offers if offer.error)
    assert problem.type == "urn:ietf:params:acme:error:unauthorized"
    assert problem.status == 403
    assert "something else" in problem.detail


def test_finalizing_too_early_keeps_the_problem_document_whole(client: AcmeClient) -> None:
    order = client.new_order(names("early.example"))
    with pytest.raises(ProblemError) as refused:
        client.finalize(order, request("early.example"))
    assert refused.value.problem.kind == "orderNotReady"
    assert refused.value.problem.document["detail"] in refused.value.cause


def test_a_signing_request_for_other_names_is_refused(client: AcmeClient, responder: Http01Responder) -> None:
    order = client.new_order(names("mine.example"))
    answer_http01(client, responder, order)
    ready = settled(client, order, "pending")
    with pytest.raises(ProblemError, match=r"/finalize-order/.* refused: "):
        client.finalize(ready.finalize, request("another.example"))


@pytest.fixture(scope="module")
def stubborn_pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """A Pebble that refuses every fifth nonce and a domain, with shorter pages and lifetimes."""
    folder: Path = tmp_path_factory.mktemp("stubborn")
    with Pebble(folder, nonce_reject=20, blocked=("blocked.example",), validity_seconds=3600) as running:
        yield running


def test_a_blocked_name_is_refused_for_good(stubborn_pebble: Pebble, connect: Connect) -> None:
    client = connect(stubborn_pebble.directory, ca_bundle=stubborn_pebble.ca_bundle)
    client.register()
    with pytest.raises(PolicyRefused, match=r"blocked\.example") as refused:
        client.new_order(names("www.blocked.example"))
    assert isinstance(refused.value, ProblemError)
    assert refused.value.problem.kind == "rejectedIdentifier"


@pytest.mark.timeout(60)
def test_a_hundred_certificates_from_twenty_threads_outlive_refused_nonces(
    stubborn_pebble: Pebble, connect: Connect
) -> None:
    client = connect(stubborn_pebble.directory, ca_bundle=stubborn_pebble.ca_bundle)
    client.register()
    wanted = [f"load-{number}.example" for number in range(100)]
    with Http01Responder(stubborn_pebble.http_port) as responder, ThreadPoolExecutor(20) as threads:
        chains = list(threads.map(lambda name: issue(client, responder, name), wanted))
    assert [_alternatives(chain).get_values_for_type(x509.DNSName) for chain in chains] == [[name] for name in wanted]
