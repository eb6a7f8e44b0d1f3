"""What an authority says is read as far as it can be, and never trusted further."""

from __future__ import annotations

import pytest

from certify_core.acme import AcmeClient, Problem, challenge_refusal
from certify_core.errors import ChallengeFailed, ProtocolViolation
from tests.support.certificates import CertificateAuthority
from tests.support.issuance import names
from tests.support.scripted_server import Reply, ScriptedServer, json_reply

_NEVER_HEARD = {"type": "permanent-identifier", "value": "device-7"}


def test_an_unknown_status_and_identifier_type_leave_the_order_readable(
    server: ScriptedServer, scripted: AcmeClient
) -> None:
    document = {"status": "pondering", "identifiers": [_NEVER_HEARD], "authorizations": ["u"], "finalize": "f"}
    server.on("/order/1", json_reply(document))
    order = scripted.order(f"{server.url}/order/1")
    assert order.status == "pondering"
    assert order.identifiers == ("device-7",)
    assert order.authorizations == ("u",)


def test_an_unknown_challenge_leaves_the_authorization_readable(server: ScriptedServer, scripted: AcmeClient) -> None:
    challenges = [{"type": "telepathy-01"}, "odd", {"type": "http-01", "token": "t", "url": "u", "error": "odd"}]
    server.on("/authz", json_reply({"status": "new", "identifier": _NEVER_HEARD, "challenges": challenges}))
    (authorization,) = scripted.authorizations([f"{server.url}/authz"])
    assert [(offer.type, offer.token) for offer in authorization.offers] == [("telepathy-01", ""), ("http-01", "t")]
    assert str(authorization.identifier) == "device-7"


@pytest.mark.parametrize(
    "meta", [None, "odd", {"profiles": "odd", "termsOfService": 7, "externalAccountRequired": "no"}]
)
def test_an_odd_description_of_itself_says_nothing(server: ScriptedServer, scripted: AcmeClient, meta: object) -> None:
    directory = {name: f"{server.url}/{name}" for name in ("newNonce", "newAccount", "newOrder")}
    server.on("/dir", json_reply({**directory, "meta": meta}))
    assert (scripted.terms_of_service, scripted.needs_eab, scripted.profiles) == (None, False, {})


def test_the_profiles_that_an_authority_offers_are_told(server: ScriptedServer, scripted: AcmeClient) -> None:
    directory = {name: f"{server.url}/{name}" for name in ("newNonce", "newAccount", "newOrder")}
    server.on("/dir", json_reply({**directory, "meta": {"profiles": {"shortlived": "six days"}}}))
    assert scripted.profiles == {"shortlived": "six days"}


def test_an_order_says_when_to_ask_again(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order/1", json_reply({"status": "processing", "finalize": "f"}, Retry_After="3"))
    assert scripted.order(f"{server.url}/order/1").retry_after == 3


@pytest.mark.parametrize("document", [{}, {"status": "pending"}, {"status": 7, "finalize": "f"}])
def test_what_no_order_can_do_without_is_demanded(
    server: ScriptedServer, scripted: AcmeClient, document: dict[str, object]
) -> None:
    server.on("/order/1", json_reply(document))
    with pytest.raises(ProtocolViolation, match=r"/order/1 answered without '(status|finalize)'"):
        scripted.order(f"{server.url}/order/1")


def test_a_new_order_without_an_address_breaks_the_protocol(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order", json_reply({"status": "pending", "finalize": "f"}, 201))
    with pytest.raises(ProtocolViolation, match="Location"):
        scripted.new_order(names("a.example"))


def test_a_list_of_orders_that_leads_in_a_circle_ends(server: ScriptedServer, scripted: AcmeClient) -> None:
    index = f'<{server.url}/dir>;rel="index"'
    server.on("/list", json_reply({"orders": ["a", "b"]}, Link=f'{index}, </list?page=2>;rel="next"'))
    server.on("/list?page=2", json_reply({"orders": ["c"]}, Link=f'<{server.url}/list>; rel="next"'))
    assert list(scripted.orders(f"{server.url}/list")) == ["a", "b", "c"]


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "a/b", "a b", "a.b", "ü", "a\n"])
def test_a_token_that_could_lead_astray_is_refused(scripted: AcmeClient, token: str) -> None:
    with pytest.raises(ProtocolViolation, match="token"):
        scripted.key_authorization(token)


def test_a_chain_comes_with_clean_line_ends(server: ScriptedServer, scripted: AcmeClient) -> None:
    bundle = CertificateAuthority().issue("a.example")
    sent = bundle.certificate_pem.replace("\n", "\r\n") + "\r\n" + bundle.chain_pem.rstrip("\n")
    server.on("/cert", Reply(200, sent.encode()))
    assert scripted.certificate(f"{server.url}/cert") == bundle.fullchain_pem


def test_a_chain_with_anything_but_certificates_is_refused(server: ScriptedServer, scripted: AcmeClient) -> None:
    bundle = CertificateAuthority().issue("a.example")
    server.on("/cert", Reply(200, (bundle.certificate_pem + bundle.private_key_pem).encode()))
    with pytest.raises(ProtocolViolation, match="something else than PEM certificates"):
        scripted.certificate(f"{server.url}/cert")


def test_an_existing_account_gets_the_contact_that_is_asked_for(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/account", json_reply({"status": "valid", "contact": ["mailto:old@example.com"]}, Location="/account/7"))
    server.on("/account/7", json_reply({"status": "valid"}))
    scripted.register(["new@example.com"])
    (update,) = server.requests("/account/7")
    assert update.signed("payload") == {"contact": ["mailto:new@example.com"]}


def test_a_failed_challenge_tells_name_reason_and_remedy() -> None:
    problem = Problem({"type": "urn:ietf:params:acme:error:dns", "detail": "NXDOMAIN looking up A for a.example"})
    error = challenge_refusal("a.example", problem)
    assert isinstance(error, ChallengeFailed)
    assert error.cause == "a.example could not be validated: NXDOMAIN looking up A for a.example (dns)."
    assert "resolver" in error.remedy
