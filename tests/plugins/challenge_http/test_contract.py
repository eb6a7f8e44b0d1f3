"""Both providers keep what every challenge provider has to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_challenge_http.listeners import Listeners
from certify_challenge_http.listening import HttpParameters, HttpProvider
from certify_challenge_http.openers import Sockets
from certify_challenge_http.webroot import WebrootParameters, WebrootProvider
from certify_core.api import Challenge
from certify_core.testing.challenge_provider import ChallengeProviderContract, Observe
from tests.support.document_root import DocumentRoot
from tests.support.http_exchange import get_token, is_open


class TestHttp(ChallengeProviderContract):
    """With a listener of our own."""

    @pytest.fixture
    def provider(self, event_loop_of: str) -> HttpProvider:
        return HttpProvider(80, Listeners(Sockets()))

    @pytest.fixture
    def parameters(self, port: int) -> HttpParameters:
        return HttpParameters(port=port)

    @pytest.fixture
    def observe(self, port: int, challenge: Challenge, other: Challenge) -> Observe:
        return lambda: is_open(port) and [get_token(port, one.token) for one in (challenge, other)]


class WebrootContract(ChallengeProviderContract):
    """Files in a document root."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        folder = tmp_path / "html"
        folder.mkdir()
        return folder

    @pytest.fixture
    def provider(self) -> WebrootProvider:
        return WebrootProvider()

    @pytest.fixture
    def observe(self, root: Path) -> Observe:
        return lambda: sorted((path, path.read_bytes() if path.is_file() else b"") for path in root.rglob("*"))


class TestWebroot(WebrootContract):
    """Served by nginx."""

    @pytest.fixture
    def parameters(self, root: Path, tmp_path: Path) -> Iterator[WebrootParameters]:
        with DocumentRoot(tmp_path / "nginx", root) as server:
            yield WebrootParameters(path=root, port=server.port)


class TestWebrootWithoutServer(WebrootContract):
    """Where no server listens on the loopback."""

    @pytest.fixture
    def parameters(self, root: Path, port: int) -> WebrootParameters:
        return WebrootParameters(path=root, port=port)
