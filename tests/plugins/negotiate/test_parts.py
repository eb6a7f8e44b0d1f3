"""The parts of the sign-in: whose name a message claims, and what is kept of an attempt."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st

from certify_core.api import AccessRefused
from certify_core.service.handshakes import KEPT, SECONDS, Handshakes, challenge, parse_message
from certify_negotiate.ntlm import AUTHENTICATE, SIGNATURE, claimed_user

HERE = ("127.0.0.1", 1)
THERE = ("127.0.0.1", 2)


class Silent:
    """A sign-in that never comes to an end, and its attempts."""

    name = "silent"
    title = "Silent"
    schemes: Sequence[str] = ("Silent",)

    def begin(self, scheme: str) -> Silent:
        return Silent()

    def claimed(self, message: bytes) -> str | None:
        return None

    def step(self, message: bytes) -> tuple[bytes, None]:
        return b"", None


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def handshakes(clock: Clock) -> Handshakes:
    return Handshakes([Silent()], clock)


def begun(handshakes: Handshakes, connection: tuple[str, int]) -> object:
    """Begin an attempt on a connection, and wait for its next message."""
    attempt = handshakes.take(connection, "silent")
    assert attempt is not None
    handshakes.keep(connection, "silent", attempt)
    return attempt


def test_an_attempt_goes_on_with_the_next_message_of_its_connection(handshakes: Handshakes) -> None:
    attempt = begun(handshakes, HERE)
    assert handshakes.take(HERE, "Silent") is attempt


def test_another_connection_begins_anew(handshakes: Handshakes) -> None:
    attempt = begun(handshakes, HERE)
    assert handshakes.take(THERE, "Silent") is not attempt


def test_an_attempt_that_nobody_goes_on_with_is_given_up(handshakes: Handshakes, clock: Clock) -> None:
    attempt = begun(handshakes, HERE)
    clock.now += SECONDS
    assert handshakes.take(HERE, "Silent") is not attempt


def test_of_too_many_attempts_the_oldest_is_given_up(handshakes: Handshakes) -> None:
    attempt = begun(handshakes, HERE)
    for port in range(10, 10 + KEPT):
        begun(handshakes, ("127.0.0.1", port))
    assert handshakes.take(HERE, "Silent") is not attempt


def test_a_scheme_that_nobody_offers_is_not_understood(handshakes: Handshakes) -> None:
    assert handshakes.take(HERE, "Digest") is None


@pytest.mark.parametrize("header", ["", "NTLM", "NTLM ", "NTLM *", "NTLM =", "NTLM é"])
def test_a_header_without_a_message_is_refused(header: str) -> None:
    with pytest.raises(AccessRefused):
        parse_message(header)


@given(st.binary(min_size=1, max_size=50))
def test_what_we_send_is_what_the_other_side_reads(message: bytes) -> None:
    assert parse_message(challenge("NTLM", message)) == ("NTLM", message)


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_the_name_is_read_before_its_password_is_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, protocol: str
) -> None:
    (tmp_path / "users").write_text("EXAMPLE:Anna:secret\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "users"))
    only_ntlm = spnego.NegotiateOptions.use_ntlm
    client = spnego.client("EXAMPLE\\Anna", "secret", protocol=protocol, options=only_ntlm)
    server = spnego.server(protocol=protocol, options=only_ntlm)
    first = client.step()
    assert claimed_user(first or b"") is None
    assert claimed_user(client.step(server.step(first)) or b"") == "anna"


def authenticate(user: str) -> bytes:
    """Return an NTLM message that tries a password of this user (MS-NLMP 2.2.1.3)."""
    name, fields = user.encode("utf-16-le"), struct.pack("<HHI", 0, 0, 64)
    user_field = struct.pack("<HHI", len(name), len(name), 64)
    return AUTHENTICATE + fields * 3 + user_field + fields * 2 + struct.pack("<I", 1) + name


@pytest.mark.parametrize("user", ["anna", "ANNA", "anna@example.com", "Anna@EXAMPLE"])
def test_all_spellings_of_a_name_are_one_name(user: str) -> None:
    assert claimed_user(authenticate(user)) == "anna"


def test_no_second_message_hides_whose_password_is_tried() -> None:
    with pytest.raises(AccessRefused, match="several"):
        claimed_user(authenticate("decoy") + authenticate("anna"))


@given(st.binary(max_size=120))
def test_a_damaged_message_has_some_name_or_none_and_is_no_fault(rest: bytes) -> None:
    rest = rest.replace(SIGNATURE, b"")
    assert isinstance(claimed_user(AUTHENTICATE + rest), str)
    assert claimed_user(b"x" + rest) is None
