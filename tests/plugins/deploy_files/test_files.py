"""The target `files`: which files there are, what is in them and whose they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.api import CertificateBundle, DeploymentFailed, PlannedChange, PluginContext
from certify_core.testing.deployment_target import DeploymentTargetContract, Observe
from certify_deploy_files import certify_deployment_targets
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.target import FilesTarget

Parameters = Callable[..., FilesParameters]
PEM_FILES = ["cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"]


class TestContract(DeploymentTargetContract):
    """With every format at once."""

    @pytest.fixture
    def target(self) -> FilesTarget:
        return FilesTarget()

    @pytest.fixture
    def parameters(self, folder: Path) -> FilesParameters:
        return FilesParameters(dir=folder, pfx="site.pfx", der="site.der", reload=f'"{sys.executable}" -c ""')

    @pytest.fixture
    def observe(self, tmp_path: Path) -> Observe:
        return lambda: [_facts(path) for path in sorted(tmp_path.rglob("*"))]


def _facts(path: Path) -> tuple[str, int, int, bytes]:
    facts = path.stat()
    return str(path), facts.st_mode, facts.st_uid, path.read_bytes() if path.is_file() else b""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def narrow_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_the_hook_offers_the_target(tmp_path: Path) -> None:
    assert [target.name for target in certify_deployment_targets(PluginContext(tmp_path))] == ["files"]


# Which files


def test_four_pem_files_are_the_default(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters())
    assert {name: (folder / name).read_text() for name in names(folder)} == {
        "privkey.pem": bundle.private_key_pem,
        "cert.pem": bundle.certificate_pem,
        "chain.pem": bundle.chain_pem,
        "fullchain.pem": bundle.certificate_pem + bundle.chain_pem,
    }


def test_files_are_renamed_and_switched_off(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters(key="tls.key", fullchain="tls.crt", certificate="", chain="false"))
    assert names(folder) == ["tls.crt", "tls.key"]


def test_true_stands_for_the_usual_name(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters(pfx="true", der="true"))
    assert names(folder) == sorted([*PEM_FILES, "certificate.pfx", "certificate.der"])


def test_the_der_file_holds_the_certificate(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters(der="site.der"))
    certificate = x509.load_der_x509_certificate((folder / "site.der").read_bytes())
    assert certificate.public_bytes(Encoding.PEM).decode() == bundle.certificate_pem


def test_other_files_in_the_folder_are_left_alone(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    folder.mkdir()
    (folder / "dhparam.pem").write_text("theirs")
    target.apply(bundle, parameters())
    assert (folder / "dhparam.pem").read_text() == "theirs"


# Whose they are and who may read them


@pytest.mark.usefixtures("narrow_umask")
def test_only_the_files_with_the_key_are_private(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters(pfx="true", der="true"))
    assert {name: f"{mode(folder / name):o}" for name in names(folder)} == {
        "privkey.pem": "600",
        "certificate.pfx": "600",
        "cert.pem": "644",
        "chain.pem": "644",
        "fullchain.pem": "644",
        "certificate.der": "644",
    }


@pytest.mark.usefixtures("narrow_umask")
def test_a_missing_folder_is_made_for_all_to_enter(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters(dir=str(folder / "a" / "b")))
    assert [f"{mode(made):o}" for made in (folder, folder / "a", folder / "a" / "b")] == ["755"] * 3


def test_the_mode_is_that_of_the_files_with_the_key(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters(mode="0640"))
    assert [f"{mode(folder / name):o}" for name in ("privkey.pem", "cert.pem")] == ["640", "644"]


@pytest.mark.parametrize("owner", ["nobody:daemon", "65534:1"])
def test_the_files_belong_to_user_and_group(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path, owner: str
) -> None:
    target.apply(bundle, parameters(owner=owner))
    assert {(path.stat().st_uid, path.stat().st_gid) for path in folder.iterdir()} == {(65534, 1)}


def test_a_user_alone_brings_the_primary_group(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters(owner="daemon"))
    assert {(path.stat().st_uid, path.stat().st_gid) for path in folder.iterdir()} == {(1, 1)}


def test_undo_gives_the_files_back_to_their_owner(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    folder: Path,
) -> None:
    target.apply(bundle, parameters(owner="daemon", mode="0640"))
    target.apply(renewed, parameters(owner="nobody:daemon"))()
    key = (folder / "privkey.pem").stat()
    assert (key.st_uid, key.st_gid, f"{key.st_mode & 0o777:o}") == (1, 1, "640")


# Repeating


def test_files_that_say_the_same_are_not_written_again(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    every_format = parameters(pfx="true", pfx_password="secret", der="true")
    target.apply(bundle, every_format)
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    target.apply(bundle, every_format)
    assert {path.name: path.stat().st_ino for path in folder.iterdir()} == before


def test_rights_are_put_right_where_only_they_differ(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters())
    (folder / "privkey.pem").chmod(0o644)
    target.apply(bundle, parameters())
    assert mode(folder / "privkey.pem") == 0o600


def test_a_lost_file_is_written_again(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters())
    (folder / "chain.pem").unlink()
    target.apply(bundle, parameters())
    assert (folder / "chain.pem").read_text() == bundle.chain_pem


# The plan


def test_the_plan_lists_files_and_command(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    planned = target.plan(bundle, parameters(certificate="", chain="", reload="nginx -s reload"))
    assert planned == [
        PlannedChange("write", str(folder / "privkey.pem"), "new"),
        PlannedChange("write", str(folder / "fullchain.pem"), "new"),
        PlannedChange("run", "nginx -s reload"),
    ]


def test_the_plan_says_what_differs(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    folder: Path,
) -> None:
    target.apply(bundle, parameters())
    (folder / "fullchain.pem").write_text(renewed.fullchain_pem)
    (folder / "cert.pem").chmod(0o600)
    details = {Path(change.subject).name: change.detail for change in target.plan(bundle, parameters())}
    assert details == {
        "privkey.pem": "unchanged",
        "chain.pem": "unchanged",
        "cert.pem": "mode 0600 becomes 0644",
        "fullchain.pem": "replaced",
    }


# Reading back


@pytest.mark.parametrize("name", [*PEM_FILES, "certificate.pfx", "certificate.der"])
def test_a_file_that_somebody_changed_is_named(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path, name: str
) -> None:
    every_format = parameters(pfx="true", der="true")
    target.apply(bundle, every_format)
    (folder / name).write_bytes(b"something else")
    with pytest.raises(DeploymentFailed, match=f"{name} holds something else"):
        target.verify(bundle, every_format)


def test_a_missing_file_is_named(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters())
    (folder / "cert.pem").unlink()
    with pytest.raises(DeploymentFailed, match=r"cert\.pem is missing"):
        target.verify(bundle, parameters())
