"""Which request gets which answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify_challenge_http.message import MAX_REQUEST, answer_to
from tests.support.http_exchange import body, status

PATH = "/.well-known/acme-challenge/"
PUBLISHED = {"Token_-1": "Token_-1.thumbprint"}
ANSWER = b"Token_-1.thumbprint"

methods = st.sampled_from(["GET", "HEAD", "POST", "get", "", "OPTIONS"])
targets = st.one_of(
    st.sampled_from([f"{PATH}Token_-1", PATH, "/", "*", "http://app.test", f"http://app.test{PATH}Token_-1"]),
    st.text(st.characters(codec="latin-1"), max_size=40).map(lambda text: PATH + text),
    st.text(st.characters(codec="latin-1"), max_size=40),
)
versions = st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2", "", "HTTP/1.1 more"])
requests = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda method, target, version, rest: f"{method} {target} {version}\r\n".encode("latin-1") + rest,
        methods,
        targets,
        versions,
        st.sampled_from([b"\r\n", b"Host: app.test\r\n\r\n", b"Host: app.test\r\n\r\nGET / HTTP/1.1\r\n\r\n", b""]),
    ),
)


def answer(line: str, headers: str = "Host: app.test\r\n") -> bytes:
    """Return the answer to a complete request."""
    answered = answer_to(f"{line}\r\n{headers}\r\n".encode(), PUBLISHED.get)
    assert answered is not None
    return answered


def test_a_published_token_is_answered_by_its_key_authorization() -> None:
    assert body(answer(f"GET {PATH}Token_-1 HTTP/1.1")) == ANSWER


def test_the_answer_has_the_length_of_its_body() -> None:
    assert f"Content-Length: {len(ANSWER)}\r\n".encode() in answer(f"GET {PATH}Token_-1 HTTP/1.1")


def test_head_gets_the_headers_of_get_and_no_body() -> None:
    got = answer(f"GET {PATH}Token_-1 HTTP/1.1")
    assert answer(f"HEAD {PATH}Token_-1 HTTP/1.1") == got.removesuffix(ANSWER)


@pytest.mark.parametrize(
    "target",
    [
        f"{PATH}Token_-1",
        f"{PATH}Token_-1?a=b",
        f"{PATH}Token_-1?",
        f"http://app.test{PATH}Token_-1",
        f"HTTP://app.test:80{PATH}Token_-1?a=b",
    ],
)
def test_these_targets_ask_for_the_token(target: str) -> None:
    assert status(answer(f"GET {target} HTTP/1.1")) == 200


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "*",
        "app.test:80",
        PATH,
        PATH.removesuffix("/"),
        "/Token_-1",
        f"{PATH}token_-1",
        f"{PATH}TOKEN_-1",
        f"{PATH}Token_-1/",
        f"{PATH}Token_-1%20",
        f"{PATH}Token_-%31",
        f"{PATH}../acme-challenge/Token_-1",
        f"{PATH}/Token_-1",
        f"/{PATH}Token_-1",
        "/.Well-Known/acme-challenge/Token_-1",
        f"/other?{PATH}Token_-1",
        f"http://app.test/other{PATH}Token_-1",
        "http://app.test",
        f"{PATH}Tökén",
    ],
)
def test_these_targets_are_not_found(target: str) -> None:
    assert status(answer(f"GET {target} HTTP/1.1")) == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "Head"])
def test_other_methods_are_told_which_are_allowed(method: str) -> None:
    answered = answer(f"{method} {PATH}Token_-1 HTTP/1.1")
    assert (status(answered), b"\r\nAllow: GET, HEAD\r\n" in answered) == (405, True)


@pytest.mark.parametrize("line", ["", "GET", f"GET {PATH}Token_-1", f"GET {PATH}Token_-1 HTTP/2", "\x16\x03\x01 \x00"])
def test_what_is_not_http_1_is_a_bad_request(line: str) -> None:
    assert status(answer(line)) == 400


def test_http_1_0_is_answered() -> None:
    assert body(answer(f"GET {PATH}Token_-1 HTTP/1.0", headers="")) == ANSWER


def test_only_the_first_of_pipelined_requests_is_answered() -> None:
    first = f"GET {PATH}Token_-1 HTTP/1.1\r\n\r\n".encode()
    assert answer_to(first + b"POST / HTTP/1.1\r\n\r\n", PUBLISHED.get) == answer_to(first, PUBLISHED.get)


def test_a_request_is_answered_only_when_its_headers_have_ended() -> None:
    assert answer_to(f"GET {PATH}Token_-1 HTTP/1.1\r\nHost: app.test\r\n".encode(), PUBLISHED.get) is None


def test_a_request_may_have_8_kib() -> None:
    start, end = f"GET {PATH}Token_-1 HTTP/1.1\r\nX: ".encode(), b"\r\n\r\n"
    filled = start + b"x" * (MAX_REQUEST - len(start) - len(end)) + end
    answered = answer_to(filled, PUBLISHED.get)
    assert answered is not None
    assert status(answered) == 200


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["without end", "with end"])
def test_a_larger_request_is_refused(end: bytes) -> None:
    answered = answer_to(f"GET {PATH}Token_-1 HTTP/1.1\r\nX: ".encode() + b"x" * MAX_REQUEST + end, PUBLISHED.get)
    assert answered is not None
    assert status(answered) == 431


@given(requests)
def test_any_bytes_get_an_answer_of_http_or_are_waited_for(received: bytes) -> None:
    answered = answer_to(received, PUBLISHED.get)
    assert answered is None or status(answered) in {200, 400, 404, 405, 431}


@given(requests)
def test_only_a_request_that_names_a_published_token_is_told_its_answer(received: bytes) -> None:
    answered = answer_to(received, PUBLISHED.get) or b""
    named = f"{PATH}Token_-1".encode() in received.partition(b"\r\n")[0]
    assert ANSWER not in answered or named


@given(requests, st.integers(0, 300))
def test_how_a_request_is_cut_into_packets_changes_no_answer(received: bytes, cut: int) -> None:
    assert answer_to(received[:cut], PUBLISHED.get) in {None, answer_to(received, PUBLISHED.get)}
