"""The provider `webroot`: files that a real web server serves, and folders left as they were."""

from __future__ import annotations

import os
import re
import socket
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certify_challenge_http.webroot import WebrootParameters, WebrootProvider
from certify_core.api import Challenge, ChallengeFailed, LocalFault
from certify_core.testing.challenge_provider import new_challenge
from tests.support.document_root import DocumentRoot

REDIRECT = "location /.well-known/ { return 301 https://$host$request_uri; }"


@pytest.fixture
def provider() -> WebrootProvider:
    return WebrootProvider()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "html"
    folder.mkdir()
    return folder


@pytest.fixture
def parameters(root: Path, port: int) -> WebrootParameters:
    """With no server on the port."""
    return WebrootParameters(path=root, port=port)


@pytest.fixture
def narrow_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def read_only_root(root: Path) -> Path:
    root.chmod(0o555)
    return root


def answer_file(root: Path, challenge: Challenge) -> Path:
    return root / ".well-known" / "acme-challenge" / challenge.token


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_web_server_serves_the_answer(
    provider: WebrootProvider, challenge: Challenge, root: Path, tmp_path: Path, host: str
) -> None:
    with DocumentRoot(tmp_path / "nginx", root, host=host) as server:
        parameters = WebrootParameters(path=root, port=server.port)
        provider.present(challenge, parameters)
        provider.check(challenge, parameters)
        (answer_file(root, challenge)).write_text("something else")
        with pytest.raises(ChallengeFailed, match=f"port {server.port} answers 200"):
            provider.check(challenge, parameters)


def test_the_server_of_an_ip_address_is_asked_by_a_host_in_brackets(
    provider: WebrootProvider, root: Path, tmp_path: Path
) -> None:
    challenge = new_challenge("2001:db8::1", "http-01")
    with DocumentRoot(
        tmp_path / "nginx", root, more='if ($http_host != "[2001:db8::1]:$server_port") { return 400; }'
    ) as server:
        parameters = WebrootParameters(path=root, port=server.port)
        provider.present(challenge, parameters)
        provider.check(challenge, parameters)
    assert answer_file(root, challenge).exists()


def test_a_server_with_another_root_is_named_with_its_status(
    provider: WebrootProvider, challenge: Challenge, root: Path, tmp_path: Path
) -> None:
    with DocumentRoot(tmp_path / "nginx", tmp_path / "other") as server:
        parameters = WebrootParameters(path=root, port=server.port)
        provider.present(challenge, parameters)
        with pytest.raises(ChallengeFailed, match=f"port {server.port} answers 404 for app.test"):
            provider.check(challenge, parameters)


def test_a_server_with_another_answer_is_noticed(
    provider: WebrootProvider, challenge: Challenge, root: Path, tmp_path: Path
) -> None:
    other = answer_file(tmp_path / "other", challenge)
    other.parent.mkdir(parents=True)
    other.write_text("an old answer")
    with DocumentRoot(tmp_path / "nginx", tmp_path / "other") as server:
        parameters = WebrootParameters(path=root, port=server.port)
        provider.present(challenge, parameters)
        with pytest.raises(ChallengeFailed, match="instead of the file"):
            provider.check(challenge, parameters)


def test_a_redirect_is_left_to_the_authority(
    provider: WebrootProvider, challenge: Challenge, root: Path, tmp_path: Path
) -> None:
    with DocumentRoot(tmp_path / "nginx", root, more=REDIRECT) as server:
        parameters = WebrootParameters(path=root, port=server.port)
        provider.present(challenge, parameters)
        provider.check(challenge, parameters)
        provider.clean_up(challenge, parameters)
        with pytest.raises(ChallengeFailed, match="cannot be read"):
            provider.check(challenge, parameters)


def test_without_a_server_another_content_of_the_file_is_noticed(
    provider: WebrootProvider, challenge: Challenge, root: Path, parameters: WebrootParameters
) -> None:
    provider.present(challenge, parameters)
    answer_file(root, challenge).write_text("something else")
    with pytest.raises(ChallengeFailed, match="holds something else"):
        provider.check(challenge, parameters)


def test_a_server_that_speaks_no_http_is_named(provider: WebrootProvider, challenge: Challenge, root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        port = server.getsockname()[1]
        pool.submit(greet_by_smtp, server)
        with pytest.raises(ChallengeFailed, match=f"web server on port {port} answers no HTTP for app.test"):
            provider.check(challenge, WebrootParameters(path=root, port=port))


def greet_by_smtp(server: socket.socket) -> None:
    """Serve one client."""
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"220 mail.app.test ESMTP\r\n")


def test_folders_made_for_the_answer_go_with_it(
    provider: WebrootProvider, challenge: Challenge, root: Path, parameters: WebrootParameters
) -> None:
    provider.present(challenge, parameters)
    provider.clean_up(challenge, parameters)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("place", [".well-known", ".well-known/acme-challenge"])
def test_folders_with_files_of_somebody_else_stay(
    provider: WebrootProvider, challenge: Challenge, root: Path, parameters: WebrootParameters, place: str
) -> None:
    provider.present(challenge, parameters)
    (root / place / "security.txt").write_text("ours")
    provider.clean_up(challenge, parameters)
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["security.txt"]


def test_orders_that_clean_up_take_no_folder_from_one_that_presents(
    provider: WebrootProvider, challenge: Challenge, parameters: WebrootParameters
) -> None:
    done = threading.Event()

    def clean_up(other: Challenge) -> None:
        while not done.is_set():
            provider.clean_up(other, parameters)

    with ThreadPoolExecutor(4) as pool:
        cleaning = [pool.submit(clean_up, new_challenge("app.test", "http-01")) for _ in range(4)]
        try:
            for _ in range(200):
                provider.present(challenge, parameters)
                provider.check(challenge, parameters)
                provider.clean_up(challenge, parameters)
        finally:
            done.set()
    assert [future.exception() for future in cleaning] == [None] * 4


def test_a_service_started_anew_cleans_up_what_the_one_before_presented(
    challenge: Challenge, root: Path, parameters: WebrootParameters
) -> None:
    WebrootProvider().present(challenge, parameters)
    WebrootProvider().clean_up(challenge, parameters)
    assert list(root.iterdir()) == []


def test_the_web_servers_user_may_read_the_answer_whatever_our_umask(
    provider: WebrootProvider, challenge: Challenge, root: Path, parameters: WebrootParameters, narrow_umask: None
) -> None:
    provider.present(challenge, parameters)
    file = answer_file(root, challenge)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent, file.parent.parent)]
    assert modes == [0o644, 0o755, 0o755]


def test_the_mode_of_a_folder_that_was_there_is_kept(
    provider: WebrootProvider, challenge: Challenge, root: Path, parameters: WebrootParameters
) -> None:
    theirs = root / ".well-known"
    theirs.mkdir(mode=0o700)
    provider.present(challenge, parameters)
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o700


def test_a_document_root_that_is_not_there_is_named(
    provider: WebrootProvider, challenge: Challenge, root: Path
) -> None:
    with pytest.raises(LocalFault, match=re.escape(f"no folder {root / 'gone'}")):
        provider.present(challenge, WebrootParameters(path=root / "gone"))


def test_a_document_root_that_may_not_be_written_is_named(
    provider: WebrootProvider,
    challenge: Challenge,
    read_only_root: Path,
    parameters: WebrootParameters,
    unprivileged: None,
) -> None:
    file = answer_file(read_only_root, challenge)
    with pytest.raises(LocalFault, match=f"cannot be written to {file}: Permission denied"):
        provider.present(challenge, parameters)


def test_a_file_where_a_folder_should_be_is_named(
    provider: WebrootProvider, challenge: Challenge, root: Path, parameters: WebrootParameters
) -> None:
    (root / ".well-known").write_text("")
    with pytest.raises(LocalFault, match="Not a directory"):
        provider.present(challenge, parameters)


def test_an_answer_that_cannot_be_removed_is_named(
    provider: WebrootProvider, challenge: Challenge, root: Path, parameters: WebrootParameters
) -> None:
    answer_file(root, challenge).mkdir(parents=True)
    with pytest.raises(LocalFault, match=re.escape(f"cannot be removed from {answer_file(root, challenge)}")):
        provider.clean_up(challenge, parameters)


def test_what_an_interrupted_write_left_goes_with_the_answer(
    provider: WebrootProvider, challenge: Challenge, root: Path, parameters: WebrootParameters
) -> None:
    file = answer_file(root, challenge)
    file.parent.mkdir(parents=True)
    file.with_name(f".{file.name}.0123abcd.tmp").write_text("half")
    provider.clean_up(challenge, parameters)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("token", ["../../../precious", "../../precious"])
def test_a_token_that_leads_out_of_the_folder_removes_nothing(
    provider: WebrootProvider, root: Path, parameters: WebrootParameters, token: str
) -> None:
    for folder in (root.parent, root):
        (folder / "precious").write_text("")
    challenge = Challenge(new_challenge("app.test", "http-01").identifier, "http-01", token, "answer")
    provider.clean_up(challenge, parameters)
    assert [(folder / "precious").exists() for folder in (root.parent, root)] == [True, True]
