"""Renewal information over the wire (RFC 9773): the name of a certificate, and what its authority suggests."""

from __future__ import annotations

import pytest

from certify_core.acme import AcmeClient, certificate_id
from certify_core.api import AuthorityUnavailable, ProtocolViolation
from certify_core.domain.ari import Suggestion
from tests.support.issuance import Connect
from tests.support.scripted_server import Reply, ScriptedServer, json_reply, problem_reply

ID = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
WINDOW = {"start": "2025-01-02T04:00:00Z", "end": "2025-01-03T04:00:00Z"}
START, END = 1_735_790_400.0, 1_735_876_800.0


def suggesting(server: ScriptedServer, at: str = "/ari") -> None:
    """Let the directory name where suggestions are."""
    names = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order"}
    document = {name: f"{server.url}/{path}" for name, path in names.items()}
    server.on("/dir", json_reply({**document, "renewalInfo": f"{server.url}{at}"}))


def test_a_certificate_is_named_as_in_the_rfc() -> None:
    key_identifier = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    assert certificate_id(key_identifier, 0x87654321) == ID


@pytest.mark.parametrize(("serial", "text"), [(0x7F, "fw"), (0x80, "AIA"), (0x8000, "AIAA"), (1, "AQ")])
def test_a_serial_number_is_written_as_der_writes_it(serial: int, text: str) -> None:
    assert certificate_id(b"\1", serial) == f"AQ.{text}"


def test_a_suggestion_is_asked_for_without_an_account(server: ScriptedServer, scripted: AcmeClient) -> None:
    suggesting(server)
    server.on(f"/ari/{ID}", json_reply({"suggestedWindow": WINDOW, "explanationURL": "https://x/"}, Retry_After="9"))
    assert scripted.renewal_info(ID) == Suggestion(START, END, "https://x/", 9.0)
    assert [(request.method, request.body) for request in server.requests(f"/ari/{ID}")] == [("GET", b"")]


@pytest.mark.parametrize("at", ["/ari", "/ari/"])
def test_the_address_may_end_in_a_slash(server: ScriptedServer, scripted: AcmeClient, at: str) -> None:
    suggesting(server, at)
    server.on(f"/ari/{ID}", json_reply({"suggestedWindow": WINDOW}))
    assert scripted.renewal_info(ID) == Suggestion(START, END)


def test_an_authority_that_suggests_nothing_is_not_asked(server: ScriptedServer, scripted: AcmeClient) -> None:
    assert (scripted.suggests_renewals, scripted.renewal_info(ID)) == (False, None)
    assert {request.path for request in server.received} == {"/dir"}


@pytest.mark.parametrize(
    "window",
    [
        {"start": "2025-01-02T06:00:00+02:00", "end": "2025-01-03T04:00:00.000000000Z"},
        {"start": "2025-01-02t04:00:00z", "end": "2025-01-02T23:00:00-05:00"},
    ],
)
def test_every_way_to_write_a_moment_is_understood(
    server: ScriptedServer, scripted: AcmeClient, window: dict[str, str]
) -> None:
    suggesting(server)
    server.on(f"/ari/{ID}", json_reply({"suggestedWindow": window}))
    assert scripted.renewal_info(ID) == Suggestion(START, END)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"suggestedWindow": None},
        {"suggestedWindow": "tomorrow"},
        {"suggestedWindow": {"start": WINDOW["start"]}},
        {"suggestedWindow": {"start": WINDOW["end"], "end": WINDOW["start"]}},
        {"suggestedWindow": {"start": WINDOW["start"], "end": WINDOW["start"]}},
        {"suggestedWindow": {"start": 1_735_790_400, "end": 1_735_876_800}},
        {"suggestedWindow": {"start": "2025-01-02T04:00:00", "end": "2025-01-03T04:00:00"}},
        {"suggestedWindow": {"start": "0001-01-01T00:00:00Z", "end": "0001-01-01T00:00:01Z"}},
        {"suggestedWindow": {"start": "9999-12-31T00:00:00-12:00", "end": "9999-12-31T23:59:59-12:00"}},
    ],
)
def test_a_window_that_is_none_breaks_the_protocol(
    server: ScriptedServer, scripted: AcmeClient, document: object
) -> None:
    suggesting(server)
    server.on(f"/ari/{ID}", json_reply(document))
    with pytest.raises(ProtocolViolation):
        scripted.renewal_info(ID)


def test_an_explanation_that_is_no_text_is_none(server: ScriptedServer, scripted: AcmeClient) -> None:
    suggesting(server)
    server.on(f"/ari/{ID}", json_reply({"suggestedWindow": WINDOW, "explanationURL": 7}))
    assert scripted.renewal_info(ID) == Suggestion(START, END)


def test_a_stumbling_authority_is_asked_again(server: ScriptedServer, scripted: AcmeClient) -> None:
    suggesting(server)
    server.on(f"/ari/{ID}", Reply(502), json_reply({"suggestedWindow": WINDOW}))
    assert scripted.renewal_info(ID) == Suggestion(START, END)


def test_a_busy_authority_says_when_to_come_back(server: ScriptedServer, scripted: AcmeClient) -> None:
    suggesting(server)
    server.on(f"/ari/{ID}", problem_reply("serverInternal", 503, Retry_After="77"))
    with pytest.raises(AuthorityUnavailable) as refused:
        scripted.renewal_info(ID)
    assert refused.value.retry_after == 77


def test_where_the_address_has_moved_the_directory_is_read_again(server: ScriptedServer, connect: Connect) -> None:
    suggesting(server)
    client = connect(f"{server.url}/dir")
    assert client.suggests_renewals
    suggesting(server, "/new")
    server.on(f"/ari/{ID}", Reply(404))
    server.on(f"/new/{ID}", json_reply({"suggestedWindow": WINDOW}))
    assert client.renewal_info(ID) == Suggestion(START, END)


def test_a_certificate_that_the_authority_does_not_know_is_a_refusal(
    server: ScriptedServer, scripted: AcmeClient
) -> None:
    suggesting(server)
    server.on(f"/ari/{ID}", problem_reply("malformed", 404))
    with pytest.raises(ProtocolViolation):
        scripted.renewal_info(ID)
    assert len(server.requests(f"/ari/{ID}")) == 1
