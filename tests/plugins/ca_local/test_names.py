"""Which names the local CA signs, and that its root is good for no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from certify_ca_local.authority import LocalAuthority
from certify_core.api import PolicyRefused
from tests.support.local_ca import forged, issue, openssl_verify


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "app.localhost",
        "app.test",
        "db.prod.internal",
        "printer.local",
        "nas.lan",
        "nas.home.arpa",
        "docs.example",
        "*.dev.test",
        "*.home.arpa",
        "127.0.0.1",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.1.1",
        "::1",
        "fd00::1",
        "fe80::1",
    ],
)
def test_internal_names_are_signed_and_openssl_accepts_them(
    authority: LocalAuthority, tmp_path: Path, name: str
) -> None:
    assert openssl_verify(authority, issue(authority, name), tmp_path, name).endswith("leaf.pem: OK")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("www.example.com", "letsencrypt"),
        ("mytest", "mytest.internal"),
        ("intranet", "intranet.lan"),
        ("arpa", "arpa.internal"),
        ("evil-test.net", "letsencrypt"),
        ("notlocalhost", "notlocalhost.lan"),
        ("in-addr.arpa", "letsencrypt"),
        ("*.test", "*.dev.test"),
        ("*.localhost", "*.dev.localhost"),
        ("*.example.org", "letsencrypt"),
        ("8.8.8.8", "private address"),
        ("172.32.0.1", "private address"),
        ("2001:4860:4860::8888", "private address"),
        ("::ffff:8.8.8.8", "private address"),
        ("0.0.0.0", "private address"),
    ],
)
def test_other_names_are_refused_with_a_remedy(authority: LocalAuthority, name: str, remedy: str) -> None:
    with pytest.raises(PolicyRefused) as refused:
        issue(authority, name)
    assert (name in refused.value.cause, remedy in refused.value.remedy) == (True, True)


def test_one_public_name_among_internal_ones_is_enough_to_refuse(authority: LocalAuthority) -> None:
    with pytest.raises(PolicyRefused, match=r"www\.example\.com"):
        issue(authority, "app.test", "www.example.com")


def test_a_refusal_makes_no_root(authority: LocalAuthority, folder: Path) -> None:
    with pytest.raises(PolicyRefused):
        issue(authority, "www.example.com")
    assert not folder.exists()


@pytest.mark.parametrize("name", ["www.example.com", "intranet", "8.8.8.8", "2001:4860:4860::8888"])
def test_openssl_believes_not_even_the_root_key_a_public_name(
    authority: LocalAuthority, folder: Path, tmp_path: Path, name: str
) -> None:
    assert "permitted subtree violation" in openssl_verify(authority, forged(authority, folder, name), tmp_path, name)
