"""Renewals that the authority suggests (RFC 9773), against a Pebble that knows them and a stub that does any harm."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import text

from certify_core.acme import certificate_id
from tests.support.chaos_proxy import Fault
from tests.support.issuing import issue, request, show
from tests.support.pebble import Pebble
from tests.support.scripted_server import Reply, problem_reply
from tests.support.service import Service
from tests.support.stores import behind_its_back
from tests.support.suggesting_authority import SuggestingAuthority, window
from tests.support.waiting import eventually

DAY = 86_400.0
EXPLANATION = "https://ca.example/incident"
Start = Callable[[Pebble], Service]


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An authority that suggests when to renew."""
    with Pebble(tmp_path_factory.mktemp("pebble"), newer=True) as running:
        yield running


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An authority that suggests nothing, and takes every nonce."""
    with Pebble(tmp_path_factory.mktemp("pebble"), nonce_reject=0, validity_seconds=int(90 * DAY)) as running:
        yield running


@pytest.fixture
def stub(tmp_path: Path, older: Pebble) -> Iterator[SuggestingAuthority]:
    """The same with what says whatever a test wants."""
    with SuggestingAuthority(tmp_path / "stub", older) as running:
        yield running


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """Start a service that answers where an authority looks."""
    running: list[Service] = []

    def start(authority: Pebble) -> Service:
        service = Service(tmp_path / "data").configure(httpChallengeServerPort=authority.http_port).start()
        running.append(service)
        return service

    yield start
    for service in running:
        service.close()


def issued_by(service: Service, authority: Pebble | SuggestingAuthority, site: Path) -> dict[str, Any]:
    """Return a certificate of an authority, deployed to a folder."""
    wish = {
        "id": "suggested",
        "identifiers": ["suggested.example.test"],
        "authority": authority.directory,
        "ca_bundle": str(authority.ca_bundle),
        "deployments": [{"target": "files", "parameters": {"dir": str(site)}}],
    }
    certificate = issue(service, wish)
    assert certificate["status"] == "healthy", certificate["failure"]
    return certificate


def current(service: Service) -> dict[str, Any]:
    """Return the certificate as it is now."""
    return show(service, "suggested")


def eventually_read(service: Service, url: str | None = None) -> dict[str, Any]:
    """Wait until a window was read, with this explanation, and return it."""
    eventually(lambda: bool(current(service)["ari"]["chosen"]) and current(service)["ari"]["explanation_url"] == url)
    ari: dict[str, Any] = current(service)["ari"]
    return ari


def messages(service: Service, kind: str) -> list[str]:
    """Return what the certificate's log says of one kind."""
    entries = service.call("GET", "/api/managedcertificates/suggested/log?limit=1000").body["entries"]
    return [entry["message"] for entry in entries if entry["kind"] == kind]


def seconds(text: str) -> float:
    """Return a time of the API in seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def read_again(service: Service) -> None:
    """Restart the service with the next reading due."""
    service.stop()
    with behind_its_back(service.data_dir) as database:
        database.execute(text("UPDATE managedcertificate SET ari_check_at = 0"))
    service.start()


# -- a Pebble that knows them ------------------------------------------------------------------------------------


def test_the_window_is_read_when_the_certificate_is_issued_and_shown(
    started: Start, newer: Pebble, tmp_path: Path
) -> None:
    service = started(newer)
    issued_by(service, newer, tmp_path / "site")
    ari = eventually_read(service)
    assert ari["start"] <= ari["chosen"] <= ari["end"]
    assert 0.9 * 6 * 3600 < seconds(ari["next_check_at"]) - time.time() < 1.1 * 6 * 3600
    assert (current(service)["next_due_at"], current(service)["due_reason"]) == (
        ari["chosen"],
        "the authority suggests it",
    )


def test_it_is_renewed_at_the_second_that_was_chosen_and_says_what_it_replaces(
    started: Start, newer: Pebble, tmp_path: Path
) -> None:
    service = started(newer)
    before = issued_by(service, newer, tmp_path / "site")["issued"]["serial"]
    eventually_read(service)
    now = time.time()
    pem = (tmp_path / "site" / "cert.pem").read_text()
    newer.set_renewal_info(pem, window(now + 4, now + 5, EXPLANATION))
    read_again(service)
    chosen = eventually_read(service, EXPLANATION)["chosen"]
    shown = service.certify("show", "suggested").out
    assert (chosen in shown, EXPLANATION in shown) == (True, True)
    eventually(lambda: current(service)["issued"]["serial"] != before, every=0.02)
    entries = service.call("GET", "/api/managedcertificates/suggested/log").body["entries"]
    (placed,) = [entry["at"] for entry in entries if entry["kind"] == "order created"][1:]
    assert 0 <= seconds(placed) - seconds(chosen) <= 1
    assert EXPLANATION in messages(service, "renewal window")[1]
    assert "is a replacement of" in newer.log


def test_a_window_in_the_past_means_now(started: Start, newer: Pebble, tmp_path: Path) -> None:
    service = started(newer)
    before = issued_by(service, newer, tmp_path / "site")["issued"]["serial"]
    eventually_read(service)
    now = time.time()
    newer.set_renewal_info((tmp_path / "site" / "cert.pem").read_text(), window(now - 2 * DAY, now - DAY))
    read_again(service)
    eventually(lambda: current(service)["issued"]["serial"] != before)


def test_a_certificate_that_was_replaced_already_is_renewed_all_the_same(
    started: Start, newer: Pebble, tmp_path: Path
) -> None:
    service = started(newer)
    issued_by(service, newer, tmp_path / "site")
    service.stop()
    backup = tmp_path / "backup"
    shutil.copytree(service.data_dir, backup)
    service.start()
    request(service, "suggested")
    service.stop()
    shutil.rmtree(service.data_dir)
    shutil.copytree(backup, service.data_dir)
    service.start()
    events = request(service, "suggested")
    assert current(service)["status"] == "healthy"
    assert ["without `replaces`" in event["message"] for event in events if event["kind"] == "warning"] == [True]


# -- a stub before one that does not -----------------------------------------------------------------------------


def test_nothing_is_asked_of_an_authority_that_suggests_nothing(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path
) -> None:
    stub.suggests = False
    service = started(older)
    issued_by(service, stub, tmp_path / "site")
    request(service, "suggested")
    assert (current(service)["ari"], stub.asked, stub.replaced) == (None, [], [None, None])


def test_the_reading_keeps_to_retry_after(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path
) -> None:
    now = time.time()
    stub.suggest(window(now + 50 * DAY, now + 51 * DAY), retry_after="7200")
    service = started(older)
    issued_by(service, stub, tmp_path / "site")
    ari = eventually_read(service)
    assert 7200 <= seconds(ari["next_check_at"]) - seconds(ari["checked_at"]) <= 1.1 * 7200
    assert len(stub.asked) == 1


def test_a_restart_keeps_the_chosen_moment(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path
) -> None:
    now = time.time()
    stub.suggest(window(now + 50 * DAY, now + 60 * DAY))
    service = started(older)
    issued_by(service, stub, tmp_path / "site")
    before = eventually_read(service)
    read_again(service)
    eventually(lambda: bool(current(service)["ari"]["next_check_at"] != before["next_check_at"]))
    assert current(service)["ari"]["chosen"] == before["chosen"]
    assert len(messages(service, "renewal window")) == 1


@pytest.mark.parametrize(
    "answer",
    [Reply(404), problem_reply("serverInternal", 500), Reply(200, b"garbage"), Reply(200, b'{"suggestedWindow": {}}')],
    ids=["not found", "server error", "garbage", "no window"],
)
def test_without_a_sound_answer_our_own_rule_stands(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path, answer: Reply
) -> None:
    stub.suggestion = answer
    service = started(older)
    before = issued_by(service, stub, tmp_path / "site")
    eventually(lambda: bool(current(service)["ari"]["problem"]))
    certificate = current(service)
    assert (certificate["next_due_at"], certificate["due_reason"]) == (
        before["next_due_at"],
        "its lifetime runs out",
    )
    assert certificate["status"] == "healthy"
    assert seconds(certificate["ari"]["next_check_at"]) - time.time() <= 70


def test_an_authority_that_hangs_there_holds_up_no_order(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path
) -> None:
    stub.silent.set()
    service = started(older)
    issued_by(service, stub, tmp_path / "site")
    for number in range(6):
        wish = {
            "identifiers": [f"more{number}.example.test"],
            "authority": stub.directory,
            "ca_bundle": str(stub.ca_bundle),
        }
        assert issue(service, wish)["status"] == "healthy"
    began = time.monotonic()
    request(service, "suggested")
    assert time.monotonic() - began < 5
    assert stub.asked, "it was never asked"


@pytest.mark.parametrize(
    "refusal",
    [
        problem_reply("alreadyReplaced", 409),
        problem_reply("conflict", 409),
        Reply(409),
        problem_reply("malformed", 400, "could not validate ARI 'replaces' field"),
        problem_reply("malformed", 404, "path in replaces field did not match a known certificate"),
    ],
    ids=["alreadyReplaced", "conflict", "409", "malformed", "not known"],
)
def test_a_refusal_of_what_is_replaced_leads_to_one_order_without(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path, refusal: Reply
) -> None:
    service = started(older)
    issued_by(service, stub, tmp_path / "site")
    name = ari_id_in(tmp_path / "site" / "cert.pem")
    stub.refusals = [refusal, refusal]
    request(service, "suggested")
    assert (current(service)["status"], stub.replaced) == ("healthy", [None, name, None])


@pytest.mark.parametrize(
    "refusal",
    [problem_reply("rejectedIdentifier", 400, "ARI.example is blocked"), problem_reply("malformed", 400, "no JSON")],
    ids=["the name", "something else"],
)
def test_another_refusal_is_no_reason_to_order_again(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path, refusal: Reply
) -> None:
    service = started(older)
    issued_by(service, stub, tmp_path / "site")
    stub.refusals = [refusal]
    request(service, "suggested")
    assert (current(service)["status"], len(stub.replaced)) == ("warning", 2)


@pytest.mark.parametrize(
    ("path", "fault"),
    [("/order-plz", Fault(after=True)), ("/finalize-order/", Fault(503, {"Retry-After": "600"}))],
    ids=["its answer was lost", "it is not finished"],
)
def test_a_pending_order_that_replaces_is_continued_and_not_placed_again(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path, path: str, fault: Fault
) -> None:
    service = started(older)
    before = issued_by(service, stub, tmp_path / "site")["issued"]["serial"]
    stub.arm(path, fault)
    request(service, "suggested")
    assert current(service)["issued"]["serial"] == before
    service.kill()
    service.start()
    request(service, "suggested")
    assert (current(service)["status"], len(stub.replaced)) == ("healthy", 2)
    assert stub.replaced[1] is not None


def test_another_authority_hears_nothing_of_what_is_replaced(
    started: Start, older: Pebble, stub: SuggestingAuthority, tmp_path: Path
) -> None:
    service = started(older)
    version = issued_by(service, stub, tmp_path / "site")["version"]
    with SuggestingAuthority(tmp_path / "other", older) as other:
        change = {"authority": other.directory, "ca_bundle": str(other.ca_bundle)}
        service.call("PATCH", "/api/managedcertificates/suggested", {"version": version, "settings": change})
        eventually(lambda: other.replaced != [] and current(service)["status"] == "healthy")
        assert other.replaced == [None]


def ari_id_in(path: Path) -> str:
    """Return the name of a certificate in renewal information."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert issuer.key_identifier is not None
    return certificate_id(issuer.key_identifier, certificate.serial_number)
