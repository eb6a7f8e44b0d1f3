"""The public authorities: data that has to be complete and unambiguous."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from certify_ca_public import AUTHORITIES, certify_authorities
from certify_core.api import AcmeAuthority, LimitKind, PluginContext

each = pytest.mark.parametrize("authority", AUTHORITIES, ids=lambda authority: authority.id)


def test_the_hook_offers_all_of_them(tmp_path: Path) -> None:
    assert certify_authorities(PluginContext(tmp_path)) == list(AUTHORITIES)


def test_the_default_authority_of_settings_is_one_of_them_and_needs_nothing() -> None:
    (letsencrypt,) = (authority for authority in AUTHORITIES if authority.id == "letsencrypt")
    assert (letsencrypt.staging, letsencrypt.needs_eab) == (False, False)


@pytest.mark.parametrize("authority", ["letsencrypt", "letsencrypt-staging"])
def test_the_limits_of_lets_encrypt_are_known_one_of_each_kind(authority: str) -> None:
    (found,) = (item for item in AUTHORITIES if item.id == authority)
    kinds = [limit.kind for limit in found.limits]
    assert kinds == [LimitKind.ORDERS, LimitKind.CERTIFICATES, LimitKind.DUPLICATES, LimitKind.FAILURES]


def test_lets_encrypt_gives_back_as_it_says() -> None:
    (letsencrypt,) = (item for item in AUTHORITIES if item.id == "letsencrypt")
    minutes = {limit.kind: round(limit.interval / 60, 1) for limit in letsencrypt.limits}
    assert list(minutes.values()) == [0.6, 201.6, 2016.0, 12.0]


@pytest.mark.parametrize("field", ["id", "title", "directory"])
def test_no_two_are_alike(field: str) -> None:
    values = [getattr(authority, field) for authority in AUTHORITIES]
    assert len(set(values)) == len(values)


@each
def test_its_directory_is_reached_by_https_alone(authority: AcmeAuthority) -> None:
    address = urlsplit(authority.directory)
    assert (address.scheme, bool(address.hostname)) == ("https", True)


@each
def test_one_for_tests_says_so_wherever_people_look(authority: AcmeAuthority) -> None:
    named = {"staging" in authority.id, "staging" in authority.title}
    assert named == {authority.staging}


@each
def test_its_id_is_in_the_readme(authority: AcmeAuthority) -> None:
    readme = Path(__file__).parents[3] / "plugins" / "ca_public" / "README.md"
    assert f"`{authority.id}`" in readme.read_text(encoding="utf-8")
