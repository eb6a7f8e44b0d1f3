"""Listeners on free ports, with both event loops that there are, and a user without rights."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from certify_challenge_http.listener import Listener
from certify_challenge_http.openers import Sockets
from certify_core.api import Challenge
from certify_core.testing.challenge_provider import new_challenge
from tests.support.ports import free_port

NOBODY = 65_534

Listen = Callable[..., int]


@pytest.fixture(params=["uvloop", "asyncio"])
def event_loop_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The event loop that listeners use: uvloop, or Python's own as on a system without uvloop."""
    if request.param == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)
    return str(request.param)


@pytest.fixture
def listen(event_loop_of: str) -> Iterator[Listen]:
    """Make a listener that answers `token` by `token.thumbprint`; return its port."""
    with ExitStack() as stack:

        def make(**options: float) -> int:
            port = free_port()
            listener = Listener(port, Sockets(**options))  # type: ignore[arg-type]
            listener.publish("token", "token.thumbprint")
            stack.callback(listener.withdraw, "token")
            return port

        yield make


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def challenge() -> Challenge:
    return new_challenge("app.test", "http-01")


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Be nobody for the time of a test."""
    importlib.import_module("psutil")  # while reading it is certainly allowed
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)
