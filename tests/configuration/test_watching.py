"""The watched folder: applied at the start and whenever it has come to rest; what is broken harms itself alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from certify_core.configuration.health import ConfigFolderCheck
from certify_core.configuration.watching import FolderWatch
from tests.support.configuration import Desk, done
from tests.support.waiting import eventually

Watch = Callable[..., FolderWatch]
SHOP = "kind: ManagedCertificate\nname: shop\nidentifiers: [shop.test]\nauthority: acme\n"
MAIL = SHOP.replace("shop", "mail")
BLOG = SHOP.replace("shop", "blog")


@pytest.fixture
def watch(desk: Desk) -> Iterator[Watch]:
    """Starts to watch the folder."""
    started: list[FolderWatch] = []

    def start(folder: Path | None = None, *, prune: bool = False, settle: float = 0.05, **how: Any) -> FolderWatch:
        watching = FolderWatch(desk.configuration, folder or desk.folder, prune=prune, settle=settle, **how)
        started.append(watching)
        watching.start()
        return watching

    yield start
    for watching in started:
        watching.stop()


def findings(watching: FolderWatch) -> list[tuple[str, str]]:
    """Return what health says of the folder: code and what it is about."""
    return [(finding.code, finding.subject) for finding in ConfigFolderCheck(watching).run()]


def actions(watching: FolderWatch) -> list[str]:
    """Return what was done last."""
    return done(watching.applied) if watching.applied else []


def test_it_is_applied_at_the_start_and_after_every_change(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP)
    watching = watch()
    eventually(lambda: desk.names == ["shop"])
    desk.write(MAIL, "mail.yaml")
    eventually(lambda: desk.names == ["mail", "shop"])
    desk.write(SHOP + "reuse_key: true")
    eventually(lambda: desk.settings("shop").reuse_key)
    eventually(lambda: findings(watching) == [("config-folder", "")])


def test_nothing_is_deleted_unless_that_is_wanted(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP, "shop.yaml")
    desk.write(MAIL, "mail.yaml")
    watch()
    eventually(lambda: desk.names == ["mail", "shop"])
    (desk.folder / "mail.yaml").unlink()
    desk.write(SHOP + "reuse_key: true", "shop.yaml")
    eventually(lambda: desk.settings("shop").reuse_key)
    assert desk.names == ["mail", "shop"]


def test_what_is_no_more_in_it_is_deleted_if_that_is_wanted(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP, "shop.yaml")
    desk.write(MAIL, "mail.yaml")
    watch(prune=True)
    eventually(lambda: desk.names == ["mail", "shop"])
    (desk.folder / "mail.yaml").unlink()
    eventually(lambda: desk.names == ["shop"])


@pytest.mark.parametrize("broken", ["{", SHOP + "athority: x", SHOP.replace("acme", "nobody"), "kind: Nothing"])
def test_a_broken_file_harms_its_own_documents_alone(desk: Desk, watch: Watch, broken: str) -> None:
    desk.write(SHOP, "shop.yaml")
    watching = watch(prune=True)
    eventually(lambda: desk.names == ["shop"])
    desk.write(broken, "shop.yaml")
    desk.write(MAIL, "mail.yaml")
    eventually(lambda: desk.names == ["mail", "shop"])
    eventually(lambda: [code for code, _ in findings(watching)] == ["config-document-broken"])
    assert findings(watching)[0][1].startswith("shop.yaml:")
    desk.write(SHOP + "reuse_key: true", "shop.yaml")
    eventually(lambda: desk.settings("shop").reuse_key)
    eventually(lambda: findings(watching) == [("config-folder", "")])


def test_what_is_moved_into_a_broken_file_stays(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP, "shop.yaml")
    watching = watch(prune=True)
    eventually(lambda: desk.names == ["shop"])
    desk.write(SHOP + "athority: x", "moved.yaml")
    (desk.folder / "shop.yaml").unlink()
    desk.write(MAIL, "mail.yaml")
    eventually(lambda: "create mail" in actions(watching))
    assert desk.names == ["mail", "shop"]
    assert findings(watching) == [("config-document-broken", "moved.yaml:5:1")]


def test_nothing_is_deleted_until_every_file_is_mended(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP, "shop.yaml")
    watching = watch(prune=True)
    eventually(lambda: desk.names == ["shop"])
    desk.write("{", "shop.yaml")
    eventually(lambda: [code for code, _ in findings(watching)] == ["config-document-broken"])
    assert desk.names == ["shop"]
    desk.write(MAIL, "shop.yaml")
    eventually(lambda: desk.names == ["mail"])


def test_defaults_that_are_moved_into_a_broken_file_are_missed(desk: Desk, watch: Watch) -> None:
    desk.write("kind: Defaults\nreuse_key: true", "defaults.yaml")
    desk.write(SHOP, "shop.yaml")
    watching = watch()
    eventually(lambda: desk.names == ["shop"])
    desk.write("{", "moved.yaml")
    (desk.folder / "defaults.yaml").unlink()
    eventually(lambda: "config-folder-unusable" in [code for code, _ in findings(watching)])
    desk.write(MAIL, "mail.yaml")
    desk.write("kind: Defaults\nreuse_key: true", "moved.yaml")
    eventually(lambda: desk.names == ["mail", "shop"])
    assert desk.settings("shop").reuse_key


def test_without_its_defaults_nothing_is_applied(desk: Desk, watch: Watch) -> None:
    desk.write("kind: Defaults\nauthority: acme", "defaults.yaml")
    desk.write("kind: ManagedCertificate\nname: shop\nidentifiers: [shop.test]", "shop.yaml")
    watching = watch()
    eventually(lambda: desk.names == ["shop"])
    desk.write("{", "defaults.yaml")
    eventually(lambda: "config-folder-unusable" in [code for code, _ in findings(watching)])
    assert desk.settings("shop").authority == "acme"


def test_a_file_that_is_being_written_is_not_read(desk: Desk, watch: Watch) -> None:
    desk.write(MAIL, "mail.yaml")
    watching = watch(settle=1.0)
    eventually(lambda: desk.names == ["mail"])
    with (desk.folder / "shop.yaml").open("w") as file:
        file.write(SHOP.partition("identifiers")[0])
        file.flush()
        file.write("identifiers: [shop.test]\nauthority: acme\n")
    eventually(lambda: desk.names == ["mail", "shop"])
    assert findings(watching) == [("config-folder", "")]


def test_files_are_read_again_if_somebody_writes_meanwhile(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP, "shop.yaml")
    watching = watch(prune=True)
    eventually(lambda: desk.names == ["shop"])
    made = desk.store.certificates.ids_named("shop")
    first = desk.folder / "first.yaml"
    os.mkfifo(first)
    with first.open("w") as read_first:
        # It is in the middle of reading, and the document moves from a file yet to be read into the one that it reads.
        desk.write(BLOG, "shop.yaml")
        desk.write(SHOP, ".moved")
        (desk.folder / ".moved").replace(first)
        read_first.write(MAIL)
    eventually(lambda: "create blog" in actions(watching))
    assert desk.store.certificates.ids_named("shop") == made
    assert desk.names == ["blog", "shop"]


def test_a_file_that_is_emptied_for_a_moment_deletes_nothing(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP, "shop.yaml")
    watching = watch(prune=True)
    eventually(lambda: desk.names == ["shop"])
    desk.write("", "shop.yaml")
    desk.write(MAIL, "mail.yaml")
    eventually(lambda: "create mail" in actions(watching))
    assert desk.names == ["mail", "shop"]


def test_a_change_by_hand_is_a_finding(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP)
    watching = watch()
    eventually(lambda: desk.names == ["shop"])
    desk.change_by_hand("shop", reuse_key=True)
    desk.write(SHOP + "# looked at")
    eventually(lambda: findings(watching) == [("config-conflict", "ManagedCertificate shop")])


def test_what_fails_is_a_finding(desk: Desk, watch: Watch) -> None:
    desk.write("kind: Account\nauthority: https://127.0.0.1:1/directory\n")
    watching = watch()
    eventually(lambda: watching.applied is not None)
    assert findings(watching) == [("config-not-applied", "Account https://127.0.0.1:1/directory")]


def test_a_folder_that_is_not_there_is_a_finding(desk: Desk, watch: Watch, tmp_path: Path) -> None:
    watching = watch(tmp_path / "nowhere")
    eventually(lambda: watching.obstacle is not None)
    assert findings(watching) == [("config-folder-unusable", str(tmp_path / "nowhere"))]


def test_what_was_done_is_told_once(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP)
    told: list[list[str] | None] = []
    watch(prune=True, told=lambda applied: told.append(applied and done(applied)))
    eventually(lambda: told == [["create shop"]])
    (desk.folder / "all.yaml").unlink()
    eventually(lambda: len(told) > 1)
    assert told[1] is None


def test_an_empty_folder_deletes_nothing(desk: Desk, watch: Watch) -> None:
    desk.write(SHOP)
    watching = watch(prune=True)
    eventually(lambda: desk.names == ["shop"])
    (desk.folder / "all.yaml").unlink()
    eventually(lambda: watching.obstacle is not None)
    assert desk.names == ["shop"]
