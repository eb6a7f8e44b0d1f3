"""Certificates that fail or end, files that are gone, and authorities that do not answer."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from certify_core.acme import AccountKey
from certify_core.api import KeyType, PluginContext, Severity
from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate
from certify_core.domain.settings import RenewalSettings
from certify_core.health.assets import AssetsCheck
from certify_core.health.authorities import AuthoritiesCheck
from certify_core.health.certificates import CertificatesCheck
from certify_core.plugins import Plugins
from certify_core.store import Store
from tests.support.checks import codes
from tests.support.ports import free_port
from tests.support.scripted_server import ScriptedServer, json_reply
from tests.support.stores import DAY, FAILURE, KEY_PEM, NOW, issue, open_store, wanting


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store."""
    with open_store(tmp_path) as opened:
        yield opened


def certificates_at(store: Store, now: float) -> dict[str, Severity]:
    """Return the codes of what is found among the certificates at a moment, and how bad each is."""
    return {found.code: found.severity for found in CertificatesCheck(store, clock=lambda: now).run()}


def issued(store: Store, *, automatic: bool = True) -> ManagedCertificate:
    """Return a certificate of ninety days."""
    wanted = wanting(renewal=RenewalSettings(automatic=automatic), places=1)
    return issue(store, store.certificates.create(wanted, NOW))


def test_certificates_that_are_well_are_counted(store: Store) -> None:
    issued(store)
    assert certificates_at(store, NOW) == {"certificates": Severity.OK}


@pytest.mark.parametrize(
    ("day", "code", "severity"),
    [(84, "certificate-ends-soon", Severity.WARNING), (91, "certificate-expired", Severity.ERROR)],
)
def test_a_certificate_that_nobody_renews_is_named_before_its_end(
    store: Store, day: int, code: str, severity: Severity
) -> None:
    issued(store, automatic=False)
    assert certificates_at(store, NOW + day * DAY)[code] is severity


def test_a_certificate_that_is_renewed_in_time_is_not_named(store: Store) -> None:
    issued(store, automatic=False)
    assert certificates_at(store, NOW + 80 * DAY) == {"certificates": Severity.OK}


def test_a_deployment_that_fails_is_named_with_its_cause(store: Store) -> None:
    certificate = issued(store)
    assert certificate.issued is not None
    failed = replace(
        certificate.deployments[0],
        status=DeploymentStatus.FAILED,
        failure=FAILURE,
        failure_count=3,
        next_attempt_at=NOW,
    )
    store.deployments.save(failed, certificate.issued.id, NOW)
    (found, _) = CertificatesCheck(store, clock=lambda: NOW).run()
    assert (found.code, FAILURE.cause in found.evidence, found.remedy) == ("deployment-failing", True, FAILURE.remedy)


def saved(store: Store, certificate: ManagedCertificate) -> Path:
    """Save files for what was issued; return their folder."""
    assert certificate.issued is not None
    store.assets.save(certificate.id, certificate.issued.id, "a certificate", KEY_PEM)
    return next(Path(str(path)).parent for path, _ in store.assets.sealed_keys())


def test_issued_certificates_with_their_files_are_in_order(store: Store) -> None:
    saved(store, issued(store))
    assert codes(AssetsCheck(store).run()) == {"assets"}


@pytest.mark.parametrize("file", ["privkey.sealed", "fullchain.pem"])
def test_an_issued_certificate_without_a_file_is_named(store: Store, file: str) -> None:
    (saved(store, issued(store)) / file).unlink()
    (found, _) = AssetsCheck(store).run()
    assert (found.code, found.severity, file in found.evidence) == ("asset-missing", Severity.ERROR, True)


def test_an_issued_certificate_without_any_file_is_named(store: Store) -> None:
    shutil.rmtree(saved(store, issued(store)))
    assert "asset-missing" in codes(AssetsCheck(store).run())


def test_a_key_without_its_certificate_is_named_and_stays(store: Store, tmp_path: Path) -> None:
    certificate = issued(store)
    assert certificate.issued is not None
    store.assets.save(certificate.id, certificate.issued.id, "a certificate", KEY_PEM)
    store.assets.save(certificate.id, "EARLIER", "a certificate", KEY_PEM)
    (tmp_path / "assets" / certificate.id / "EARLIER" / "fullchain.pem").unlink()
    found = AssetsCheck(store).run()
    assert (codes(found), found[0].subject) == ({"key-alone", "assets"}, f"{certificate.id}/EARLIER")
    assert (tmp_path / "assets" / certificate.id / "EARLIER" / "privkey.sealed").exists()


def test_files_of_nobody_are_named_and_stay(store: Store) -> None:
    store.assets.save("stray", "1", "a certificate", KEY_PEM)
    check = AssetsCheck(store)
    (found, _) = check.run()
    assert (found.code, found.subject, found.fixable) == ("asset-stray", "stray", False)


def authorities(store: Store, folder: Path) -> AuthoritiesCheck:
    """Return the check, with no authority that a plugin knows."""
    return AuthoritiesCheck(store, Plugins(PluginContext(folder)), patience=2.0)


def account_at(store: Store, directory: str) -> None:
    """Have an account there."""
    store.accounts.add(directory, AccountKey.generate(KeyType.P256).to_pem(), NOW)


def told_at(moment: float) -> str:
    """Return the Date of a moment (RFC 9110 section 6.6.1)."""
    return format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (0, ("clock", Severity.OK)),
        (-600, ("clock-off", Severity.WARNING)),
        (7200, ("clock-off", Severity.ERROR)),
    ],
)
def test_an_authority_that_answers_tells_how_right_our_clock_is(
    store: Store, tmp_path: Path, off: float, expected: tuple[str, Severity]
) -> None:
    with ScriptedServer() as server:
        document = dict.fromkeys(("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"), server.url)
        server.on("/directory", json_reply(document, Date=told_at(time.time() - off)))
        account_at(store, f"{server.url}/directory")
        reached, clock = authorities(store, tmp_path).run()
    assert (reached.code, (clock.code, clock.severity)) == ("authority-reachable", expected)


def test_an_authority_that_does_not_answer_is_named(store: Store, tmp_path: Path) -> None:
    account_at(store, f"http://127.0.0.1:{free_port()}/directory")
    (found,) = authorities(store, tmp_path).run()
    assert (found.code, found.severity) == ("authority-unreachable", Severity.ERROR)


def test_an_authority_whose_name_does_not_resolve_is_named(store: Store, tmp_path: Path) -> None:
    account_at(store, "https://acme.nowhere.invalid/directory")
    (found,) = authorities(store, tmp_path).run()
    assert (found.code, "acme.nowhere.invalid" in found.what) == ("dns-fails", True)


def test_nobody_is_asked_where_there_is_no_account(store: Store, tmp_path: Path) -> None:
    assert codes(authorities(store, tmp_path).run()) == {"authorities"}
