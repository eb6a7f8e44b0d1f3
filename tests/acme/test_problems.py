"""What an authority refuses is told by class, reason and remedy, and its own words are kept whole."""

from __future__ import annotations

import pytest

from certify_core.acme import AcmeClient, Problem, ProblemError, challenge_refusal
from certify_core.errors import (
    AuthorityUnavailable,
    CertifyError,
    ChallengeFailed,
    PolicyRefused,
    ProtocolViolation,
    RateLimited,
)
from tests.support.issuance import names
from tests.support.scripted_server import Reply, ScriptedServer, problem_reply


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


def test_names_that_are_paused_are_told_with_the_place_that_takes_them_up_again() -> None:
    text = "prevented from requesting certificates for a.test. Please visit: https://portal.test/sfe/v1/unpause?jwt=a.b"
    document = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": text}
    assert challenge_refusal("a.test", Problem(document)).remedy == (
        "Visit https://portal.test/sfe/v1/unpause?jwt=a.b and then request again."
    )
