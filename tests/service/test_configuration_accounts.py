"""Accounts by files: opened at a real authority, given another contact, and never closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_core.configuration.exporting import export
from tests.support.configuration import Desk, desk_in
from tests.support.pebble import Pebble


@pytest.fixture
def desk(tmp_path: Path, pebble: Pebble) -> Iterator[Desk]:
    """A folder that says which authority there is, and an account there."""
    with desk_in(tmp_path) as desk:
        desk.write(
            f"kind: Authority\nname: house\ndirectory: {pebble.directory}\nca_bundle: {pebble.ca_bundle}\n",
            "house.yaml",
        )
        desk.write("kind: Account\nauthority: house\ncontact: [one@example.com]", "account.yaml")
        yield desk
        desk.engine.stop(0.0)


def test_an_account_is_opened_once(desk: Desk) -> None:
    assert desk.apply() == ["create house", "create house"]
    (account,) = desk.store.accounts.all()
    assert account.url is not None
    assert account.contact == ("mailto:one@example.com",)
    assert desk.apply() == ["unchanged house", "unchanged house"]


def test_another_contact_is_told_to_the_authority(desk: Desk) -> None:
    desk.apply()
    (before,) = desk.store.accounts.all()
    desk.write("kind: Account\nauthority: house\ncontact: [two@example.com]", "account.yaml")
    assert desk.apply() == ["unchanged house", "change house"]
    (after,) = desk.store.accounts.all()
    assert (after.url, after.contact) == (before.url, ("mailto:two@example.com",))


def test_an_account_is_not_closed_when_its_file_is_gone(desk: Desk) -> None:
    desk.apply()
    (desk.folder / "account.yaml").unlink()
    assert desk.apply(prune=True) == ["unchanged house", "release house"]
    assert len(desk.store.accounts.all()) == 1


def test_an_account_is_exported_without_its_key(desk: Desk) -> None:
    desk.apply()
    text = {file.path: file.text for file in export(desk.engine)}["accounts/house.yaml"]
    assert text == "kind: Account\nauthority: house\ncontact:\n  - one@example.com\n"


def test_an_account_that_needs_a_binding_is_refused_without_one(desk: Desk) -> None:
    desk.write((desk.folder / "house.yaml").read_text() + "needs_eab: true", "house.yaml")
    assert desk.refusals() == ["account.yaml:1:1: house opens accounts only with an external account binding."]
