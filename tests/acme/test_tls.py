"""An authority is believed to be itself only as far as its TLS certificate says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certify_core.errors import (
    AuthorityUnavailable,
    InvalidInput,
)
from tests.support.certificates import CertificateAuthority
from tests.support.issuance import Connect
from tests.support.scripted_server import ScriptedServer


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
