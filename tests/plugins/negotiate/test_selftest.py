"""The selftest of integrated authentication, with NTLM as pyspnego speaks it on every system."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spnego

from certify_core.api import AccessRefused
from certify_negotiate.selftest import SignInSelfTest
from certify_negotiate.settings import Settings
from certify_negotiate.sign_in import Negotiate

NEGOTIATE = Negotiate(Settings.model_validate({"accessrealm": "LAB"}))


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service knows the passwords of two users."""
    (tmp_path / "users").write_text("LAB:root:right\nLAB:stranger:right\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "users"))


def signing_in(user: str, password: str) -> Callable[[str], Any]:
    """Begin to sign in as a user, whatever the protocol that is asked for."""
    return lambda _: spnego.client(f"LAB\\{user}", password, hostname="localhost", service="HTTP", protocol="ntlm")


def run(client: Callable[[str], Any], name: str = "sign-in-ntlm") -> str:
    """Run one step."""
    return next(step for step in SignInSelfTest(NEGOTIATE, client).steps() if step.name == name).run()


def test_there_is_a_step_for_each_scheme_and_none_changes_anything() -> None:
    steps = SignInSelfTest(NEGOTIATE).steps()
    assert [(step.name, step.changes) for step in steps] == [("sign-in-negotiate", False), ("sign-in-ntlm", False)]


def test_who_signs_in_is_told_as_what_and_not_by_name() -> None:
    assert run(signing_in("root", "right")) == "This account was recognised, as administrator."


def test_an_account_that_would_not_be_let_in_is_told() -> None:
    assert "nobody" in run(signing_in("stranger", "right"))


def test_a_handshake_that_is_refused_fails() -> None:
    with pytest.raises(AccessRefused):
        run(signing_in("root", "wrong"))
