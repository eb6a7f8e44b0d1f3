"""Revocation: the authority hears of it with its reason, and another certificate takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.chaos_proxy import ChaosProxy, Fault
from tests.support.issuing import issue, outcome_of, request, show
from tests.support.pebble import Pebble
from tests.support.service import Answer, Service

Wish = Callable[..., dict[str, Any]]
REASONS = {"keyCompromise": 1, "affiliationChanged": 3, "superseded": 4, "cessationOfOperation": 5, "unspecified": None}


@pytest.fixture
def deployed(wish: Wish, site: Path) -> Wish:
    """Say what is wanted, deployed to a folder."""

    def make(*identifiers: str, **more: Any) -> dict[str, Any]:
        return wish(*identifiers, deployments=[{"target": "files", "parameters": {"dir": str(site)}}], **more)

    return make


def served(site: Path) -> str:
    """Return the certificate that is deployed."""
    return (site / "cert.pem").read_text()


def public_key(pem: str) -> bytes:
    """Return the public key in a certificate."""
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def revoke(service: Service, certificate: dict[str, Any], **wish: Any) -> Answer:
    """Revoke, and wait until another certificate is in place if one is requested."""
    answer = service.call("POST", f"/api/managedcertificates/{certificate['id']}/revoke", wish)
    if answer.status == 200 and answer.body["operation"]:
        outcome_of(service, answer.body["operation"])
    return answer


def log_of(service: Service, certificate: dict[str, Any]) -> list[str]:
    """Return the messages in a certificate's log."""
    entries = service.call("GET", f"/api/managedcertificates/{certificate['id']}/log").body["entries"]
    return [entry["message"] for entry in entries]


@pytest.mark.parametrize("reason", REASONS)
def test_the_authority_hears_of_it_and_another_certificate_takes_its_place(
    service: Service, deployed: Wish, site: Path, pebble: Pebble, reason: str
) -> None:
    certificate = issue(service, deployed(f"{reason.lower()}.example.test"))
    before = served(site)
    answer = revoke(service, certificate, reason=reason)
    status = pebble.certificate_status(before)
    assert (answer.body["state"], status["Status"], status.get("Reason")) == ("revoked", "Revoked", REASONS[reason])
    assert pebble.certificate_status(served(site))["Status"] == "Valid"
    assert show(service, certificate["id"])["status"] == "healthy"


def test_a_compromised_key_is_replaced_even_where_keys_are_kept(service: Service, deployed: Wish, site: Path) -> None:
    certificate = issue(service, deployed("compromised.example.test", reuse_key=True))
    before = served(site)
    revoke(service, certificate, reason="keyCompromise")
    replaced = served(site)
    request(service, certificate["id"])
    assert public_key(replaced) != public_key(before)
    assert public_key(served(site)) == public_key(replaced), "the new key is to be kept"


def test_for_another_reason_keys_are_kept_where_that_is_wanted(service: Service, deployed: Wish, site: Path) -> None:
    certificate = issue(service, deployed("kept.example.test", reuse_key=True))
    before = served(site)
    revoke(service, certificate, reason="superseded")
    assert (served(site) == before, public_key(served(site)) == public_key(before)) == (False, True)


def test_without_renewal_nothing_is_requested_before_somebody_asks(
    service: Service, deployed: Wish, site: Path, pebble: Pebble
) -> None:
    certificate = issue(service, deployed("over.example.test"))
    before = served(site)
    answer = revoke(service, certificate, reason="cessationOfOperation", renew=False)
    shown = show(service, certificate["id"])
    assert (answer.body["operation"], pebble.certificate_status(before)["Status"]) == (None, "Revoked")
    assert (shown["status"], shown["next_due_at"], shown["issued"]["revoked_at"] is None) == ("error", None, False)
    request(service, certificate["id"])
    assert show(service, certificate["id"])["status"] == "healthy"


def test_a_compromised_certificate_is_not_left_without_renewal(service: Service, wish: Wish) -> None:
    certificate = issue(service, wish("must-renew.example.test"))
    answer = revoke(service, certificate, reason="keyCompromise", renew=False)
    assert (answer.status, answer.body["field"]) == (422, "renew")
    assert show(service, certificate["id"])["status"] == "healthy"


def test_it_is_renewed_once_even_where_nothing_is_renewed_by_itself(service: Service, wish: Wish) -> None:
    certificate = service.call(
        "POST", "/api/managedcertificates", wish("by-hand.example.test", renewal={"automatic": False})
    ).body
    request(service, certificate["id"])
    before = show(service, certificate["id"])["issued"]["serial"]
    revoke(service, certificate)
    shown = show(service, certificate["id"])
    assert (shown["status"], shown["issued"]["serial"] == before) == ("healthy", False)


def test_an_earlier_certificate_is_revoked_by_its_serial_number(
    service: Service, deployed: Wish, site: Path, pebble: Pebble
) -> None:
    certificate = issue(service, deployed("earlier.example.test"))
    earlier = served(site)
    request(service, certificate["id"])
    serial = certificate["issued"]["serial"]
    written = ":".join(f"{serial:>0{len(serial) + len(serial) % 2}}"[i : i + 2] for i in range(0, len(serial), 2))
    answer = revoke(service, certificate, reason="superseded", serial=written.lower())
    assert (answer.status, answer.body["operation"]) == (200, None)
    statuses = [pebble.certificate_status(pem)["Status"] for pem in (earlier, served(site))]
    assert (statuses, show(service, certificate["id"])["status"]) == (["Revoked", "Valid"], "healthy")


def test_an_earlier_certificate_whose_key_is_still_in_use_has_that_replaced(
    service: Service, deployed: Wish, site: Path
) -> None:
    certificate = issue(service, deployed("same-key.example.test", reuse_key=True))
    request(service, certificate["id"])
    before = served(site)
    answer = revoke(service, certificate, reason="keyCompromise", serial=certificate["issued"]["serial"])
    assert answer.body["operation"] is not None
    assert public_key(served(site)) != public_key(before)


@pytest.mark.parametrize(("serial", "status"), [("C0FFEE", 404), ("not hex", 422)])
def test_a_serial_number_that_is_none_of_its_own_is_refused(
    service: Service, wish: Wish, serial: str, status: int
) -> None:
    certificate = issue(service, wish("no-such-serial.example.test"))
    assert revoke(service, certificate, serial=serial).status == status


def test_what_is_revoked_already_is_a_success(service: Service, deployed: Wish, site: Path) -> None:
    certificate = issue(service, deployed("again.example.test"))
    wish = {"serial": certificate["issued"]["serial"]}
    revoke(service, certificate)
    serial = show(service, certificate["id"])["issued"]["serial"]
    again = revoke(service, certificate, **wish)
    assert (again.status, again.body["state"]) == (200, "revoked")
    assert show(service, certificate["id"])["issued"]["serial"] == serial


def test_the_certificates_key_signs_where_the_account_is_not_ours_any_more(
    tmp_path: Path, deployed: Wish, site: Path, pebble: Pebble
) -> None:
    service = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port).start()
    try:
        certificate = issue(service, deployed("orphan.example.test"))
        before = served(site)
        service.certify("account", "deactivate", pebble.directory, "--yes", "--force")
        service.call("POST", "/api/accounts", {"authority": pebble.directory, "ca_bundle": str(pebble.ca_bundle)})
        revoke(service, certificate, reason="superseded", renew=False)
        told = log_of(service, certificate)
    finally:
        service.close()
    assert pebble.certificate_status(before)["Status"] == "Revoked"
    assert "signed for by its own key" in told[-1]


def test_without_any_account_none_is_opened_to_revoke(
    tmp_path: Path, deployed: Wish, site: Path, pebble: Pebble
) -> None:
    service = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port).start()
    try:
        certificate = issue(service, deployed("no-account.example.test"))
        before = served(site)
        service.certify("account", "deactivate", pebble.directory, "--yes", "--force")
        revoke(service, certificate, reason="superseded", renew=False)
        accounts = service.call("GET", "/api/accounts").body["accounts"]
    finally:
        service.close()
    assert (pebble.certificate_status(before)["Status"], accounts) == ("Revoked", [])


def test_the_local_authority_cannot_revoke(service: Service) -> None:
    certificate = issue(service, {"identifiers": ["here.test"], "authority": "local"})
    answer = revoke(service, certificate)
    assert (answer.status, "cannot revoke" in answer.body["detail"]) == (422, True)
    assert show(service, certificate["id"])["revocations"] == []


def test_what_was_never_issued_cannot_be_revoked(service: Service, wish: Wish) -> None:
    certificate = service.call(
        "POST", "/api/managedcertificates", wish("never.example.test", renewal={"automatic": False})
    ).body
    assert revoke(service, certificate).status == 404


def test_it_is_shown_and_logged(service: Service, wish: Wish) -> None:
    certificate = issue(service, wish("shown.example.test", name="shown"))
    revoke(service, certificate, reason="superseded")
    serial = certificate["issued"]["serial"]
    ((shown),) = show(service, certificate["id"])["revocations"]
    assert (shown["serial"], shown["reason"], shown["state"]) == (serial, "superseded", "revoked")
    assert f"certificate {serial} is revoked (superseded), signed for by the account" in log_of(service, certificate)
    assert f"{serial} revoked (superseded)" in service.certify("show", "shown").out


@pytest.fixture
def proxy(tmp_path: Path, pebble: Pebble) -> Iterator[ChaosProxy]:
    """An authority that a test does harm to."""
    with ChaosProxy(tmp_path / "proxy", pebble.directory, pebble.ca_bundle) as running:
        yield running


@pytest.fixture
def through_proxy(proxy: ChaosProxy, deployed: Wish) -> Wish:
    """Say what is wanted of that authority."""
    return lambda *names: {**deployed(*names), "authority": proxy.directory, "ca_bundle": str(proxy.ca_bundle)}


def test_an_authority_that_fails_is_asked_again_and_the_wish_is_kept(
    service: Service, through_proxy: Wish, proxy: ChaosProxy, site: Path, pebble: Pebble
) -> None:
    certificate = issue(service, through_proxy("later.example.test"))
    before = served(site)
    proxy.arm("/revoke-cert", Fault(status=503, headers={"Retry-After": "1"}))
    answer = revoke(service, certificate, reason="superseded")
    assert (answer.status, answer.body["state"], answer.body["failure"]["failure_class"]) == (
        202,
        "wanted",
        "authority",
    )
    assert answer.body["next_attempt_at"] is not None
    service.stop()
    service.start()
    shown = show(service, certificate["id"])["revocations"]
    assert [item["state"] for item in shown] == ["wanted"]
    revoke(service, certificate, reason="superseded")
    assert pebble.certificate_status(before)["Status"] == "Revoked"


def test_a_revocation_whose_answer_is_lost_is_one_all_the_same(
    service: Service, through_proxy: Wish, proxy: ChaosProxy, site: Path, pebble: Pebble
) -> None:
    certificate = issue(service, through_proxy("lost.example.test"))
    before = served(site)
    proxy.arm("/revoke-cert", Fault(after=True))
    assert revoke(service, certificate).body["state"] == "wanted"
    assert revoke(service, certificate).body["state"] == "revoked"
    assert (pebble.certificate_status(before)["Status"], served(site) == before) == ("Revoked", False)


def test_on_the_command_line_it_waits_for_the_new_certificate(
    service: Service, deployed: Wish, site: Path, pebble: Pebble
) -> None:
    issue(service, deployed("waiting.example.test"))
    before = served(site)
    ended = service.certify("revoke", "waiting.example.test", "--reason", "keyCompromise", "--yes", "--wait")
    assert (ended.code, "is revoked (keyCompromise)" in ended.out) == (0, True)
    statuses = [pebble.certificate_status(pem)["Status"] for pem in (before, served(site))]
    assert statuses == ["Revoked", "Valid"]


def test_on_the_command_line_it_asks_first(service: Service, deployed: Wish, site: Path, pebble: Pebble) -> None:
    certificate = issue(service, deployed("asking.example.test"))
    ended = service.certify("revoke", "asking.example.test", stdin="n\n")
    assert (ended.code, certificate["issued"]["serial"] in ended.err) == (1, True)
    assert pebble.certificate_status(served(site))["Status"] == "Valid"


def test_the_command_fails_until_the_authority_has_heard_of_it(
    service: Service, through_proxy: Wish, proxy: ChaosProxy
) -> None:
    issue(service, through_proxy("unheard.example.test"))
    proxy.arm("/revoke-cert", Fault(status=503))
    waiting = service.certify("revoke", "unheard.example.test", "--yes")
    done = service.certify("revoke", "unheard.example.test", "--yes", "--no-renew", "--json")
    assert (waiting.code, "is not revoked yet" in waiting.out) == (1, True)
    assert (done.code, done.json["revocation"]["state"]) == (0, "revoked")


def test_the_command_says_that_the_local_authority_cannot_revoke(service: Service) -> None:
    issue(service, {"identifiers": ["nobody-revokes.test"], "authority": "local"})
    ended = service.certify("revoke", "nobody-revokes.test", "--yes")
    assert (ended.code, "cannot revoke" in ended.err) == (2, True)
