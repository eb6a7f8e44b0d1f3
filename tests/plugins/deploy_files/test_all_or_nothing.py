"""Whatever gets in the way, there is one whole set of files and nothing beside it.

Full disks, read-only disks and files that cannot be replaced are real ones, mounted for the test: this needs root.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.target import FilesTarget
from tests.support.disks import make_read_only, mounted, names_read_only
from tests.support.killing import KILLED

Parameters = Callable[..., FilesParameters]
PEM_FILES = {"privkey.pem", "cert.pem", "chain.pem", "fullchain.pem"}
PAGE = 4096
DISK_PAGES = 16
NEEDED_PAGES = 6
"""The chain stays the same; of the three other files there are a copy and a new one, each of one page."""


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def pem_files(bundle: CertificateBundle) -> dict[str, str]:
    return {
        "privkey.pem": bundle.private_key_pem,
        "cert.pem": bundle.certificate_pem,
        "chain.pem": bundle.chain_pem,
        "fullchain.pem": bundle.fullchain_pem,
    }


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of a few pages, mounted as the folder."""
    with mounted(folder, megabytes=DISK_PAGES * PAGE / 2**20):
        yield folder


@pytest.fixture
def pinned(target: FilesTarget, bundle: CertificateBundle, folder: Path) -> Iterator[Path]:
    """The full chain of a first deployment, mounted on itself, so that no rename can replace it."""
    target.apply(bundle, FilesParameters(dir=folder))
    path = folder / "fullchain.pem"
    subprocess.run(["mount", "--bind", str(path), str(path)], check=True)
    yield path
    subprocess.run(["umount", str(path)], check=True)


# Disk and rights


@pytest.mark.parametrize("free_pages", range(NEEDED_PAGES))
def test_a_full_disk_keeps_the_old_set(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    small_disk: Path,
    free_pages: int,
) -> None:
    """The disk fills up at each of the copies and new files in turn."""
    target.apply(bundle, parameters())
    filler = small_disk / "filler"
    filler.write_bytes(bytes(PAGE * (DISK_PAGES - len(PEM_FILES) - free_pages)))
    with pytest.raises(DeploymentFailed, match=re.escape(f"Cannot write to {small_disk}: No space left on device")):
        target.apply(renewed, parameters())
    filler.unlink()
    assert contents(small_disk) == pem_files(bundle)


def test_a_disk_with_just_enough_space_takes_the_new_set(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    small_disk: Path,
) -> None:
    target.apply(bundle, parameters())
    filler = small_disk / "filler"
    filler.write_bytes(bytes(PAGE * (DISK_PAGES - len(PEM_FILES) - NEEDED_PAGES)))
    target.apply(renewed, parameters())
    filler.unlink()
    assert contents(small_disk) == pem_files(renewed)


def test_a_full_disk_leaves_no_first_file(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, small_disk: Path
) -> None:
    (small_disk / "filler").write_bytes(bytes(PAGE * (DISK_PAGES - 2)))
    with pytest.raises(DeploymentFailed):
        target.apply(bundle, parameters(dir=str(small_disk / "site")))
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_a_read_only_disk_is_named(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, small_disk: Path
) -> None:
    make_read_only(small_disk)
    with pytest.raises(DeploymentFailed, match=re.escape(f"Cannot write to {small_disk}")) as refused:
        target.apply(bundle, parameters())
    assert names_read_only(refused.value.cause)


@pytest.mark.usefixtures("pinned")
def test_a_rename_that_is_refused_takes_the_others_back(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    folder: Path,
) -> None:
    with pytest.raises(DeploymentFailed, match=r"fullchain\.pem: Device or resource busy"):
        target.apply(renewed, parameters())
    assert contents(folder) == pem_files(bundle)


@pytest.mark.usefixtures("pinned")
def test_a_rename_that_is_refused_removes_what_is_new(
    target: FilesTarget, renewed: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    with pytest.raises(DeploymentFailed):
        target.apply(renewed, parameters(der="true"))
    assert not (folder / "certificate.der").exists()


@pytest.fixture
def as_nobody(folder: Path) -> Iterator[None]:
    """The process has lost its rights, and the folder belongs to root."""
    folder.mkdir()
    before = os.geteuid()
    os.seteuid(65534)
    yield
    os.seteuid(before)


@pytest.mark.usefixtures("as_nobody")
def test_a_missing_right_is_named(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    with pytest.raises(DeploymentFailed, match=f"Cannot write to {folder}: Permission denied"):
        target.apply(bundle, parameters())


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ("no-such-user", "There is no user 'no-such-user'"),
        ("root:no-such-group", "There is no group 'no-such-group'"),
        ("64999", "Give the group too"),
    ],
)
def test_an_unknown_owner_is_named(
    target: FilesTarget,
    bundle: CertificateBundle,
    parameters: Parameters,
    folder: Path,
    owner: str,
    message: str,
) -> None:
    with pytest.raises(DeploymentFailed, match=message):
        target.apply(bundle, parameters(owner=owner))
    assert not folder.exists()


# What is in the way


def test_a_file_in_place_of_the_folder_is_named(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    folder.write_text("a file")
    with pytest.raises(DeploymentFailed, match=re.escape(f"{folder} is a file, not a folder")):
        target.apply(bundle, parameters())


def test_a_file_above_the_folder_is_named(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    folder.write_text("a file")
    with pytest.raises(DeploymentFailed, match="Not a directory"):
        target.apply(bundle, parameters(dir=str(folder / "below")))


def test_a_folder_in_place_of_a_file_keeps_the_rest(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    (folder / "fullchain.pem").mkdir(parents=True)
    with pytest.raises(DeploymentFailed, match=r"fullchain\.pem is not a file"):
        target.apply(bundle, parameters())
    assert [path.name for path in folder.iterdir()] == ["fullchain.pem"]


def test_a_link_is_neither_followed_nor_replaced(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path, tmp_path: Path
) -> None:
    folder.mkdir()
    theirs = tmp_path / "theirs.pem"
    theirs.write_text("theirs")
    (folder / "privkey.pem").symlink_to(theirs)
    with pytest.raises(DeploymentFailed, match=r"privkey\.pem is a symbolic link"):
        target.apply(bundle, parameters())
    assert (contents(folder), theirs.read_text()) == ({"privkey.pem": "theirs"}, "theirs")


def test_a_key_of_another_certificate_is_refused(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    folder: Path,
) -> None:
    mixed = replace(bundle, private_key_pem=renewed.private_key_pem)
    with pytest.raises(DeploymentFailed, match="does not belong to its certificate"):
        target.apply(mixed, parameters())
    assert not folder.exists()


def test_a_damaged_key_is_not_quoted(target: FilesTarget, bundle: CertificateBundle, parameters: Parameters) -> None:
    damaged = replace(bundle, private_key_pem="-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    with pytest.raises(DeploymentFailed, match="cannot be read") as failed:
        target.apply(damaged, parameters())
    assert (failed.value.__cause__, "c2VjcmV0" in str(failed.value)) == (None, False)


# Killed on the way

_APPLY_AND_DIE = """
import os, pickle, sys
bundle, parameters, event, countdown = pickle.load(sys.stdin.buffer)

def watch(name, arguments):
    global countdown
    if name == event and b"certify-new" in os.fsencode(str(arguments[0])):
        countdown -= 1
        if countdown == 0:
            os.kill(os.getpid(), 9)

from certify_deploy_files.target import FilesTarget
from certify_deploy_files.parameters import FilesParameters
sys.addaudithook(watch)
FilesTarget().apply(bundle, FilesParameters.model_validate(parameters))
"""


@pytest.mark.parametrize("countdown", [1, 2, 3])
@pytest.mark.parametrize("event", ["open", "os.rename"])
def test_a_killed_deployment_is_completed_by_the_next(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    folder: Path,
    event: str,
    countdown: int,
) -> None:
    """Killed right before it opens, or renames, its first, second or third new file."""
    target.apply(bundle, parameters())
    order = pickle.dumps((renewed, {"dir": str(folder)}, event, countdown))
    killed = subprocess.run([sys.executable, "-c", _APPLY_AND_DIE], input=order, check=False)
    left_behind = contents(folder).keys() - PEM_FILES
    target.apply(renewed, parameters())
    assert (killed.returncode, bool(left_behind), contents(folder)) == (KILLED, True, pem_files(renewed))
