"""IIS is had to serve answers by a `web.config`, and no file of anybody is left changed. A server of ours plays IIS."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree

import pytest

from certify_challenge_http.iis_folder import forget, help_serving
from certify_challenge_http.web_config import NAME, VARIANTS
from certify_challenge_http.webroot import WebrootParameters, WebrootProvider
from certify_core.api import Challenge
from certify_core.testing.challenge_provider import new_challenge

THEIRS = b"<configuration><!-- the administrator's own --></configuration>"


class PlayedIis(ThreadingHTTPServer):
    """Serves a folder's files without extension only where one of its `web.config`s is thorough enough."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.needs: bytes | None = None
        """What the nearest `web.config` has to hold; None if all is served as it is."""

    def content(self, path: str) -> bytes | None:
        file = self.root / path.lstrip("/")
        config = file.parent / NAME
        allowed = self.needs is None or (config.exists() and self.needs in config.read_bytes())
        return file.read_bytes() if allowed and file.is_file() else None


class _Handler(BaseHTTPRequestHandler):
    server: PlayedIis

    def do_GET(self) -> None:
        content = self.server.content(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The document root."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def iis(root: Path) -> Iterator[PlayedIis]:
    with PlayedIis(root) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def provider() -> WebrootProvider:
    return WebrootProvider(for_iis=True)


@pytest.fixture
def parameters(root: Path, iis: PlayedIis) -> WebrootParameters:
    return WebrootParameters(path=root, port=iis.server_port)


@pytest.fixture
def challenge() -> Challenge:
    return new_challenge("app.test", "http-01")


@pytest.fixture
def config(root: Path) -> Path:
    """Where our `web.config` is, if there is one."""
    return root / ".well-known" / "acme-challenge" / NAME


def test_every_variant_is_xml_that_iis_reads() -> None:
    assert [ElementTree.fromstring(variant).tag for variant in VARIANTS] == ["configuration"] * len(VARIANTS)


@pytest.mark.parametrize(
    ("needs", "variant"),
    [(b"mimeMap", 0), (b"StaticFileModule", 1), (b"<rewrite>", 2)],
    ids=["type", "handler", "rules"],
)
def test_the_gentlest_one_that_works_is_left_while_there_is_an_answer(
    provider: WebrootProvider,
    parameters: WebrootParameters,
    challenge: Challenge,
    iis: PlayedIis,
    config: Path,
    needs: bytes,
    variant: int,
) -> None:
    iis.needs = needs
    provider.present(challenge, parameters)
    provider.check(challenge, parameters)
    assert config.read_bytes() == VARIANTS[variant]


def test_where_all_is_served_as_it_is_none_is_written(
    provider: WebrootProvider, parameters: WebrootParameters, challenge: Challenge, config: Path
) -> None:
    provider.present(challenge, parameters)
    assert not config.exists()


def test_where_none_helps_none_is_left(root: Path, iis: PlayedIis, config: Path) -> None:
    iis.needs = b"something else"
    config.parent.mkdir(parents=True)
    help_serving(config.parent, lambda: False, patience=0)
    assert not config.exists()


def test_where_nobody_can_see_what_is_served_the_gentlest_one_has_to_do(root: Path) -> None:
    help_serving(root, lambda: None, patience=0)
    assert (root / NAME).read_bytes() == VARIANTS[0]


def test_it_goes_with_the_last_answer_and_the_folders_too(
    provider: WebrootProvider, parameters: WebrootParameters, challenge: Challenge, iis: PlayedIis, root: Path
) -> None:
    iis.needs = b"mimeMap"
    provider.present(challenge, parameters)
    provider.clean_up(challenge, parameters)
    assert list(root.iterdir()) == []


def test_it_stays_for_the_answer_of_another_order(
    provider: WebrootProvider, parameters: WebrootParameters, challenge: Challenge, iis: PlayedIis, config: Path
) -> None:
    iis.needs = b"mimeMap"
    other = new_challenge("app.test", "http-01")
    provider.present(challenge, parameters)
    provider.present(other, parameters)
    provider.clean_up(challenge, parameters)
    provider.check(other, parameters)
    assert config.exists()


def test_one_that_a_crash_left_is_taken_away_by_the_next_clean_up(
    parameters: WebrootParameters, challenge: Challenge, iis: PlayedIis, root: Path
) -> None:
    iis.needs = b"mimeMap"
    WebrootProvider(for_iis=True).present(challenge, parameters)
    WebrootProvider(for_iis=True).clean_up(challenge, parameters)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("where", [".", ".well-known", ".well-known/acme-challenge"])
def test_one_of_somebody_else_is_never_touched(
    provider: WebrootProvider,
    parameters: WebrootParameters,
    challenge: Challenge,
    iis: PlayedIis,
    root: Path,
    where: str,
) -> None:
    iis.needs = b"mimeMap"
    theirs = root / where / NAME
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_bytes(THEIRS)
    provider.present(challenge, parameters)
    provider.clean_up(challenge, parameters)
    assert theirs.read_bytes() == THEIRS


def test_one_of_ours_that_somebody_has_changed_is_his(root: Path) -> None:
    (root / NAME).write_bytes(VARIANTS[0] + b"<!-- changed -->")
    forget(root)
    assert (root / NAME).exists()
