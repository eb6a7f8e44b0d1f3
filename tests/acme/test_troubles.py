"""When an authority cannot be used, one error says why, where and what to do."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certify_core.acme import AcmeClient, ConnectionBroken, ProblemError
from certify_core.errors import (
    AuthorityUnavailable,
    CertifyError,
    ChallengeFailed,
    InvalidInput,
    PolicyRefused,
    ProtocolViolation,
    RateLimited,
)
from tests.support.certificates import CertificateAuthority
from tests.support.issuance import Connect, names
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, Reset, ScriptedServer, Silence, Trickle, json_reply, problem_reply

HTML = {"Content-Type": "text/html; charset=utf-8"}


# -- the directory ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(404, b"<h1>Not here</h1>", HTML), ProtocolViolation, "HTTP status 404 with text/html"),
        (Reply(200, b"<h1>Welcome</h1>", HTML), ProtocolViolation, "answered text/html"),
        (Reply(200, b"[1, 2]"), ProtocolViolation, "JSON object"),
        (json_reply({"newNonce": "/n", "newAccount": "/a"}), ProtocolViolation, "has no newOrder"),
        (json_reply({"hello": "world"}), ProtocolViolation, "no newNonce and no newAccount and no newOrder"),
        (Reply(301, headers={"Location": "https://new.example/dir"}), ProtocolViolation, "https://new.example/dir"),
        (Reply(503, headers={"Retry-After": "7"}), AuthorityUnavailable, "HTTP status 503"),
        (Reply(429, headers={"Retry-After": "7"}), RateLimited, "HTTP status 429"),
        (Reply(200, b" " * (5 * 1024 * 1024)), ProtocolViolation, "more than"),
    ],
    ids=["404", "html", "list", "no newOrder", "empty", "moved", "503", "429", "endless"],
)
def test_a_directory_that_is_none_is_named(
    server: ScriptedServer, connect: Connect, reply: Reply, error: type[CertifyError], words: str
) -> None:
    server.on("/dir", reply)
    with pytest.raises(error, match=words) as refused:
        connect(f"{server.url}/dir").register()
    assert f"{server.url}/dir" in refused.value.cause
    assert refused.value.remedy


def test_the_directory_is_read_once(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order", problem_reply("rateLimited", 429))
    for _ in range(3):
        with pytest.raises(RateLimited):
            scripted.new_order(names("a.example"))
    assert len(server.requests("/dir")) == 1


def test_a_directory_whose_addresses_have_moved_is_read_again(server: ScriptedServer, scripted: AcmeClient) -> None:
    old = {name: f"{server.url}/{path}" for name, path in (("newNonce", "nonce"), ("newAccount", "account"))}
    server.on(
        "/dir",
        json_reply({**old, "newOrder": f"{server.url}/old"}),
        json_reply({**old, "newOrder": f"{server.url}/new"}),
    )
    server.on("/new", json_reply({"status": "pending", "finalize": "/f"}, 201, Location="/order/1"))
    assert scripted.new_order(names("moved.example")).url == f"{server.url}/order/1"


# -- the network -----------------------------------------------------------------------------------------------------


def test_a_refused_connection_names_the_place(connect: Connect) -> None:
    port = free_port()
    with pytest.raises(AuthorityUnavailable, match=rf"127\.0\.0\.1:{port} cannot be reached: connection refused"):
        connect(f"https://127.0.0.1:{port}/dir").register()


def test_a_name_without_an_address_is_named(connect: Connect) -> None:
    with pytest.raises(AuthorityUnavailable, match=r"acme\.invalid cannot be resolved"):
        connect("https://acme.invalid/dir").register()


@pytest.mark.parametrize("address", ["http://ca.example/dir", "ftp://ca.example", "ca.example/dir", "https://", ""])
def test_only_https_is_spoken_beyond_this_machine(connect: Connect, address: str) -> None:
    with pytest.raises(InvalidInput, match="https") as refused:
        connect(address).register()
    assert refused.value.field == "authority"


def test_a_silent_server_is_given_up_in_time(server: ScriptedServer, connect: Connect) -> None:
    server.on("/dir", Silence())
    started = time.monotonic()
    with pytest.raises(AuthorityUnavailable, match="did not answer in time"):
        connect(f"{server.url}/dir", timeout=0.3).register()
    assert time.monotonic() - started < 3


def test_a_server_that_never_ends_its_answer_is_given_up_in_time(server: ScriptedServer, connect: Connect) -> None:
    server.on("/dir", Trickle())
    started = time.monotonic()
    with pytest.raises(AuthorityUnavailable, match="did not answer in time"):
        connect(f"{server.url}/dir", timeout=0.3).register()
    assert time.monotonic() - started < 3


def test_something_that_speaks_no_http_is_named(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        port = listener.getsockname()[1]
        client = connect(f"https://127.0.0.1:{port}/dir", timeout=0.3)
        with pytest.raises(AuthorityUnavailable, match=f"127.0.0.1:{port}"):
            client.register()


# -- TLS -------------------------------------------------------------------------------------------------------------


def _tls_server(
    folder: Path, *server_names: str, lifetime: timedelta = timedelta(days=1)
) -> tuple[ScriptedServer, Path]:
    authority = CertificateAuthority()
    bundle = authority.issue(*server_names, lifetime=lifetime)
    chain, key, root = folder / "chain.pem", folder / "key.pem", folder / "root.pem"
    chain.write_text(bundle.fullchain_pem)
    key.write_text(bundle.private_key_pem)
    root.write_text(authority.root_pem)
    return ScriptedServer((chain, key)), root


def test_a_private_authority_is_trusted_by_its_bundle(tmp_path: Path, connect: Connect) -> None:
    server, root = _tls_server(tmp_path, "127.0.0.1")
    with server:
        server.on_acme()
        assert not connect(f"{server.url}/dir", ca_bundle=root).needs_eab


def test_an_authority_that_nobody_vouches_for_is_not_trusted(tmp_path: Path, connect: Connect) -> None:
    server, _ = _tls_server(tmp_path, "127.0.0.1")
    with server, pytest.raises(AuthorityUnavailable, match=r"TLS .* failed: .*certificate.* ca_bundle"):
        connect(f"{server.url}/dir").register()


def test_an_authority_with_another_root_is_not_trusted_and_the_bundle_named(tmp_path: Path, connect: Connect) -> None:
    server, _ = _tls_server(tmp_path, "127.0.0.1")
    other = tmp_path / "other.pem"
    other.write_text(CertificateAuthority().root_pem)
    with server, pytest.raises(AuthorityUnavailable, match=r"other\.pem"):
        connect(f"{server.url}/dir", ca_bundle=other).register()


def test_an_authority_with_another_name_is_not_trusted(tmp_path: Path, connect: Connect) -> None:
    server, root = _tls_server(tmp_path, "ca.example")
    with server, pytest.raises(AuthorityUnavailable, match=r"not valid for '127\.0\.0\.1'"):
        connect(f"{server.url}/dir", ca_bundle=root).register()


def test_an_authority_whose_certificate_has_expired_is_not_trusted(tmp_path: Path, connect: Connect) -> None:
    server, root = _tls_server(tmp_path, "127.0.0.1", lifetime=timedelta(minutes=30))
    with server, pytest.raises(AuthorityUnavailable, match="certificate has expired"):
        connect(f"{server.url}/dir", ca_bundle=root).register()


def test_a_server_without_tls_is_named(server: ScriptedServer, connect: Connect) -> None:
    with pytest.raises(AuthorityUnavailable, match=r"TLS with 127\.0\.0\.1:\d+ failed"):
        connect(server.url.replace("http:", "https:") + "/dir").register()


def _expired() -> str:
    bundle = CertificateAuthority().issue("old.example", not_before=datetime(2020, 1, 1, tzinfo=UTC))
    return bundle.certificate_pem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no readable PEM certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no readable PEM certificate"),
        (_expired(), "has expired, the last one on 2020-03-31"),
        (None, "does not exist"),
    ],
    ids=["empty", "broken", "expired", "missing"],
)
def test_a_bundle_that_cannot_be_used_is_the_users_mistake(
    tmp_path: Path, connect: Connect, content: str | None, words: str
) -> None:
    bundle = tmp_path / "roots.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(InvalidInput, match=words) as refused:
        connect("https://ca.example/dir", ca_bundle=bundle)
    assert refused.value.field == "ca_bundle"
    assert str(bundle) in refused.value.cause


def test_a_bundle_with_one_valid_root_among_expired_ones_is_used(tmp_path: Path, connect: Connect) -> None:
    bundle = tmp_path / "roots.pem"
    bundle.write_text(f"# Wurzeln für Prüfungen\n{_expired()}{CertificateAuthority().root_pem}", encoding="utf-8")
    assert connect("https://ca.example/dir", ca_bundle=bundle).account_url is None


# -- asking again ----------------------------------------------------------------------------------------------------

ORDER = json_reply({"status": "ready", "finalize": "https://ca.example/f"}, 200)


@pytest.mark.parametrize("trouble", [Reset(), Reply(502), problem_reply("serverInternal", 500)])
def test_reading_outlives_two_troubles(server: ScriptedServer, scripted: AcmeClient, trouble: Reply | Reset) -> None:
    server.on("/order/1", trouble, trouble, ORDER)
    assert scripted.order(f"{server.url}/order/1").status == "ready"


def test_a_placed_order_is_never_placed_again_by_itself(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order", Reset())
    with pytest.raises(ConnectionBroken):
        scripted.new_order(names("once.example"))
    assert len(server.requests("/order")) == 1


def test_an_authority_that_says_when_to_come_back_is_not_asked_before(
    server: ScriptedServer, scripted: AcmeClient
) -> None:
    server.on("/order/1", Reply(503, headers={"Retry-After": "90"}))
    with pytest.raises(AuthorityUnavailable) as refused:
        scripted.order(f"{server.url}/order/1")
    assert refused.value.retry_after == 90
    assert len(server.requests("/order/1")) == 1


def test_a_date_in_retry_after_is_compared_with_the_servers_own_clock(
    server: ScriptedServer, scripted: AcmeClient
) -> None:
    dates = {"Retry-After": "Sat, 01 Jan 2000 00:01:30 GMT", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}
    server.on("/order/1", Reply(429, headers=dates))
    with pytest.raises(RateLimited) as refused:
        scripted.order(f"{server.url}/order/1")
    assert refused.value.retry_after == 90


# -- nonces ----------------------------------------------------------------------------------------------------------


def test_ten_refused_nonces_in_a_row_are_outlived(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order/1", *[problem_reply("badNonce", 400)] * 10, ORDER)
    assert scripted.order(f"{server.url}/order/1").status == "ready"
    used = [request.signed("protected")["nonce"] for request in server.requests("/order/1")]
    assert len(set(used)) == 11


def test_a_server_that_refuses_every_nonce_is_given_up(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order/1", problem_reply("badNonce", 400))
    with pytest.raises(ProtocolViolation, match="badNonce"):
        scripted.order(f"{server.url}/order/1")
    assert len(server.requests("/order/1")) == 11


def test_every_answer_brings_the_next_nonce_and_so_does_a_refusal(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order/1", problem_reply("malformed", 400), ORDER)
    with pytest.raises(ProtocolViolation):
        scripted.order(f"{server.url}/order/1")
    scripted.order(f"{server.url}/order/1")
    assert len(server.requests("/nonce")) == 1


def test_a_server_that_gives_no_nonces_breaks_the_protocol(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/nonce", Reply(headers={"Replay-Nonce": ""}))
    with pytest.raises(ProtocolViolation, match="Replay-Nonce"):
        scripted.order(f"{server.url}/order/1")


# -- problem documents -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("rateLimited", 429, RateLimited),
        ("rateLimited", 503, RateLimited),
        ("rejectedIdentifier", 400, PolicyRefused),
        ("unsupportedIdentifier", 400, PolicyRefused),
        ("badCSR", 400, PolicyRefused),
        ("invalidProfile", 400, PolicyRefused),
        ("externalAccountRequired", 403, PolicyRefused),
        ("userActionRequired", 403, PolicyRefused),
        ("caa", 403, ChallengeFailed),
        ("dns", 400, ChallengeFailed),
        ("connection", 400, ChallengeFailed),
        ("tls", 400, ChallengeFailed),
        ("unauthorized", 403, ChallengeFailed),
        ("incorrectResponse", 403, ChallengeFailed),
        ("serverInternal", 500, AuthorityUnavailable),
        ("malformed", 400, ProtocolViolation),
        ("orderNotReady", 403, ProtocolViolation),
        ("accountDoesNotExist", 400, ProtocolViolation),
        ("alreadyReplaced", 409, ProtocolViolation),
        ("madeUpTomorrow", 400, ProtocolViolation),
        ("madeUpTomorrow", 403, PolicyRefused),
        ("madeUpTomorrow", 429, RateLimited),
        ("madeUpTomorrow", 500, AuthorityUnavailable),
    ],
)
def test_the_type_of_a_problem_decides_who_has_to_act(
    server: ScriptedServer, scripted: AcmeClient, kind: str, status: int, error: type[CertifyError]
) -> None:
    server.on("/order", problem_reply(kind, status, "the very reason"))
    with pytest.raises(error, match="the very reason") as refused:
        scripted.new_order(names("a.example"))
    assert isinstance(refused.value, ProblemError)
    assert refused.value.problem.kind == kind
    assert refused.value.remedy


def test_the_document_of_a_problem_is_kept_whole(server: ScriptedServer, scripted: AcmeClient) -> None:
    subproblem = {
        "type": "urn:ietf:params:acme:error:caa",
        "detail": "forbidden",
        "identifier": {"type": "dns", "value": "b.example"},
    }
    more = {"instance": "https://ca.example/why", "subproblems": [subproblem], "algorithms": ["ES256"]}
    server.on("/order", problem_reply("compound", 403, "two things.", more=more))
    with pytest.raises(ChallengeFailed, match=r"two things \(b\.example: forbidden\)") as refused:
        scripted.new_order(names("a.example"))
    assert isinstance(refused.value, ProblemError)
    assert refused.value.problem.document["algorithms"] == ["ES256"]
    assert refused.value.problem.subproblems[0].identifier == "b.example"
    assert "https://ca.example/why" in refused.value.remedy


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"no"', b'{"type": 7}', b'{"subproblems": "x", "detail": []}', b"\xff"]
)
def test_a_refusal_without_a_readable_document_is_told_by_its_status(
    server: ScriptedServer, scripted: AcmeClient, body: bytes
) -> None:
    server.on("/order", Reply(403, body))
    with pytest.raises(PolicyRefused, match="HTTP status 403"):
        scripted.new_order(names("a.example"))
