"""Everything of one service moves to another one in one encrypted file."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import load_pem_x509_certificate

from certify_core.transfer.records import AccountRecord, CertificateRecord, CredentialRecord, FolderRecord, TokenRecord
from tests.support.issuing import issue, request, show
from tests.support.moving import (
    EXPORT,
    IMPORT,
    KEY,
    export_of,
    export_wish,
    fates,
    file_of,
    import_into,
    key_text,
    records_in,
    with_certificates_changed,
)
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.stores import stored_bytes
from tests.support.tokens import make_token
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, files_at, resting, wish

SECRET = "correct horse"
NOTHING: dict[str, list[Any]] = {
    name: [] for name in ("authorities", "accounts", "credentials", "notifications/channels", "tokens")
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The machine that everything comes from: one certificate of the local authority, and all that can be kept."""
    folder = tmp_path_factory.mktemp("source")
    service = Service(folder / "data").configure(logLevel="debug", logFormat="json", port=0).start()
    house = folder / "house.yaml"
    house.write_text("kind: Authority\nname: house\ndirectory: https://ca.house.test/directory\n")
    assert service.certify("apply", "-f", str(house)).code == 0
    credential = {"id": "pfx", "provider": "files", "parameters": {"pfx_password": SECRET}}
    assert service.call("POST", "/api/credentials", credential).status == 201
    channel = {
        "id": "ops",
        "parameters": {"url": f"json://user:{SECRET.split(maxsplit=1)[0]}@127.0.0.1:9"},
        "enabled": False,
    }
    assert service.call("POST", "/api/notifications/channels", channel).status == 201
    make_token(service, "reader", title="Monitoring")
    place = files_at(folder / "site", pfx="site.pfx") | {"credential": "pfx"}
    issue(service, wish("moved.test", id="moved", deployments=[place]))
    assert service.call("POST", CERTIFICATES, resting("waits.test", id="waits")).status == 201
    yield service
    service.close()


@pytest.fixture(scope="module")
def file(source: Service) -> bytes:
    """Everything of it."""
    return export_of(source)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Service]:
    """A machine that has nothing yet."""
    service = Service(tmp_path / "data").configure(logLevel="debug").start()
    yield service
    service.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A machine that has nothing, and of which no test wants more than an answer."""
    service = Service(tmp_path_factory.mktemp("empty") / "data").configure(logLevel="debug").start()
    yield service
    assert (contents(service), (service.data_dir / "ca_local").exists()) == (NOTHING, False)
    service.close()


@pytest.fixture(scope="module")
def moved(source: Service, file: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A machine to which everything has come; nothing is in place there before."""
    service = Service(tmp_path_factory.mktemp("moved") / "data").configure(logLevel="debug").start()
    for deployed in site_of(source).iterdir():
        deployed.unlink()
    assert import_into(service, file).status == 200
    eventually(lambda: show(service, "moved")["status"] == "healthy")
    yield service
    service.close()


def site_of(service: Service) -> Path:
    """Return where the certificate that moves is deployed."""
    return Path(show(service, "moved")["settings"]["deployments"][0]["parameters"]["dir"])


def kinds_of_log(service: Service, certificate_id: str) -> set[str]:
    """Return what kinds of things happened to a certificate."""
    entries = service.call("GET", f"{CERTIFICATES}/{certificate_id}/log").body["entries"]
    return {entry["kind"] for entry in entries}


def contents(service: Service) -> dict[str, Any]:
    """Return all that a service has and that moves, as the API shows it, without versions and times of its own."""
    own = {"version", "created_at", "updated_at", "failure", "waiting"}
    authorities = service.call("GET", "/api/authorities").body["authorities"]
    shown: dict[str, Any] = {"authorities": [item for item in authorities if item["id"] == "house"]}
    for what in ("accounts", "credentials", "notifications/channels", "tokens"):
        items = next(iter(service.call("GET", f"/api/{what}").body.values()))
        shown[what] = [{name: value for name, value in item.items() if name not in own} for item in items]
    for line in service.call("GET", CERTIFICATES).body["items"]:
        certificate = show(service, line["id"])
        shown[line["id"]] = {name: certificate[name] for name in ("name", "settings", "issued", "due_reason")}
    return shown


def test_a_second_machine_has_all_that_the_first_one_has(source: Service, moved: Service) -> None:
    assert contents(moved) == contents(source)


def test_nothing_is_ordered(moved: Service) -> None:
    assert kinds_of_log(moved, "moved") == {"deployed", "verified", "settled"}


def test_an_authority_that_a_user_has_named_can_be_chosen_at_once(moved: Service) -> None:
    wanted = resting("chosen.test", id="chosen") | {"authority": "house"}
    assert moved.call("POST", CERTIFICATES, wanted).status == 201
    moved.call("DELETE", f"{CERTIFICATES}/chosen")


def test_what_was_issued_is_put_in_place(moved: Service) -> None:
    served = load_pem_x509_certificate((site_of(moved) / "cert.pem").read_bytes())
    assert f"{served.serial_number:X}" == show(moved, "moved")["issued"]["serial"]


def test_the_local_authority_moves_so_that_its_clients_trust_what_comes(source: Service, moved: Service) -> None:
    roots = [service.call("GET", "/api/authorities/local/root").body for service in (source, moved)]
    assert roots[0] == roots[1]


def test_a_renewal_there_goes_on_as_here(file: bytes, target: Service) -> None:
    import_into(target, file)
    before = show(target, "moved")["issued"]["serial"]
    request(target, "moved")
    after = show(target, "moved")
    assert (after["status"], after["issued"]["serial"] != before) == ("healthy", True)


def test_settings_move_and_those_of_the_machine_itself_do_not(moved: Service) -> None:
    set_here = json.loads((moved.data_dir / "serviceconfig.json").read_text())
    assert set_here == {"logLevel": "debug", "logFormat": "json"}


def test_a_preview_says_what_would_be_done_and_does_nothing(file: bytes, empty: Service) -> None:
    answer = import_into(empty, file, preview=True)
    assert fates(answer) == {
        ("folder", "ca_local"): "create",
        ("setting", "logLevel"): "unchanged",
        ("setting", "logFormat"): "create",
        ("authority", "house"): "create",
        ("credential", "pfx"): "create",
        ("channel", "ops"): "create",
        ("token", "Monitoring"): "create",
        ("certificate", "moved.test"): "create",
        ("certificate", "waits.test"): "create",
    }
    assert contents(empty) == NOTHING


def test_the_import_does_what_the_preview_has_said(file: bytes, target: Service) -> None:
    before = import_into(target, file, preview=True)
    assert import_into(target, file).body["items"] == before.body["items"]


def test_imported_again_it_changes_nothing(file: bytes, moved: Service) -> None:
    before = contents(moved), show(moved, "moved")["version"]
    assert set(fates(import_into(moved, file)).values()) == {"unchanged"}
    assert (contents(moved), show(moved, "moved")["version"]) == before


def test_where_it_comes_from_everything_is_there_already(source: Service, file: bytes) -> None:
    assert set(fates(import_into(source, file, preview=True)).values()) == {"unchanged"}


def test_what_is_different_here_stays_and_is_named(file: bytes, target: Service) -> None:
    credential = {"id": "pfx", "provider": "files", "parameters": {"pfx_password": "another"}}
    target.call("POST", "/api/credentials", credential)
    target.call("POST", CERTIFICATES, resting("other.test", id="waits"))
    answer = import_into(target, file)
    assert (fates(answer)["credential", "pfx"], fates(answer)["certificate", "waits.test"]) == ("conflict", "conflict")
    assert show(target, "waits")["settings"]["identifiers"] == ["other.test"]


def test_what_is_different_here_gives_way_if_that_is_asked_for(file: bytes, target: Service) -> None:
    target.call("POST", CERTIFICATES, resting("other.test", id="waits"))
    answer = import_into(target, file, replace=True)
    assert (fates(answer)["certificate", "waits.test"], show(target, "waits")["settings"]["identifiers"]) == (
        "change",
        ["waits.test"],
    )


def test_another_one_for_the_same_names_is_a_conflict(file: bytes, target: Service) -> None:
    target.call("POST", CERTIFICATES, resting("waits.test", id="twin"))
    assert fates(import_into(target, file, replace=True))["certificate", "waits.test"] == "conflict"


def test_a_root_of_the_local_authority_is_never_replaced(file: bytes, target: Service) -> None:
    before = target.call("GET", "/api/authorities/local/root").body
    assert fates(import_into(target, file, replace=True))["folder", "ca_local"] == "conflict"
    assert target.call("GET", "/api/authorities/local/root").body == before


def test_a_machine_that_stands_by_is_brought_up_to_date(source: Service, file: bytes, target: Service) -> None:
    import_into(target, file)
    eventually(lambda: show(target, "moved")["status"] == "healthy")
    eventually(lambda: request(source, "moved") != [] and _is_later(source, target))
    assert fates(import_into(target, export_of(source)))["certificate", "moved.test"] == "change"
    assert show(target, "moved")["issued"] == show(source, "moved")["issued"]
    assert fates(import_into(target, file))["certificate", "moved.test"] == "unchanged"


def _is_later(source: Service, target: Service) -> bool:
    """Whether the certificate at `source` begins later; certificates begin at whole seconds."""
    begins = [show(service, "moved")["issued"]["not_before"] for service in (source, target)]
    return bool(begins[0] > begins[1])


def test_a_plugin_that_is_missing_keeps_only_its_own_away(file: bytes, empty: Service) -> None:
    unknown = CredentialRecord.model_validate(
        {"id": "dns", "settings": {"provider": "nobody", "parameters": {"token": "x"}}}
    )
    first, *others = records_in(file)
    answer = import_into(empty, file_of(first, unknown, *others), preview=True)
    assert (fates(answer)["credential", "dns"], fates(answer)["certificate", "moved.test"]) == ("refused", "create")


def test_a_key_of_another_certificate_is_refused(file: bytes, empty: Service) -> None:
    (moved,) = [record for record in records_in(file) if isinstance(record, CertificateRecord) and record.assets]
    strange = moved.assets[0].model_copy(update={"private_key_pem": "no key"})
    broken = with_certificates_changed(file, assets=(strange,))
    assert fates(import_into(empty, broken, preview=True))["certificate", "moved.test"] == "refused"


@pytest.mark.parametrize(("kept", "lost"), [(["fullchain.pem"], "privkey.sealed"), ([], "fullchain.pem")])
def test_a_folder_here_that_has_lost_a_file_is_told_instead_of_taken_as_whole(
    file: bytes, empty: Service, kept: list[str], lost: str
) -> None:
    (moved,) = [record for record in records_in(file) if isinstance(record, CertificateRecord) and record.assets]
    folder = empty.data_dir / "assets" / "moved" / moved.assets[0].id
    folder.mkdir(parents=True)
    for name in kept:
        (folder / name).touch()
    answer = import_into(empty, file, preview=True)
    shutil.rmtree(folder.parent)
    (item,) = [each for each in answer.body["items"] if each["name"] == "moved.test"]
    assert (item["fate"], item["detail"].startswith(f"{lost} is missing")) == ("refused", True)
    assert "Move that folder away" in item["remedy"]


def test_a_certificate_whose_files_are_missing_is_refused(file: bytes, empty: Service) -> None:
    broken = with_certificates_changed(file, assets=())
    assert fates(import_into(empty, broken, preview=True))["certificate", "moved.test"] == "refused"


def test_what_the_database_refuses_leaves_the_settings_as_they_were(file: bytes, target: Service) -> None:
    first, *others = records_in(file)
    (token,) = [record for record in others if isinstance(record, TokenRecord)]
    before = (target.data_dir / "serviceconfig.json").read_bytes()
    unfolded = [record for record in others if not isinstance(record, FolderRecord)]
    answer = import_into(target, file_of(first, token, *unfolded))
    assert (answer.status, (target.data_dir / "serviceconfig.json").read_bytes()) == (409, before)


@pytest.mark.parametrize("at", [0.0, 0.01, 0.05, 0.5, 0.99])
def test_a_flipped_bit_is_refused_before_anything_is_imported(file: bytes, empty: Service, at: float) -> None:
    changed = bytearray(file)
    changed[int(at * len(file))] ^= 1
    answer = import_into(empty, bytes(changed))
    assert (answer.status, answer.body["title"], contents(empty)) == (422, "InvalidInput", NOTHING)


def test_another_passphrase_is_refused(file: bytes, empty: Service) -> None:
    answer = import_into(empty, file, key=bytes(64))
    assert (answer.status, answer.body["field"]) == (422, "passphrase")


def test_an_export_lacks_nothing_that_is_in_use(source: Service, tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    issue(service, wish("lost.test", id="lost"))
    for key in (service.data_dir / "assets" / "lost").glob("*/privkey.sealed"):
        key.unlink()
    answer = service.call("POST", EXPORT, export_wish())
    service.close()
    assert (answer.status, "lost.test" in answer.body["detail"]) == (503, True)


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_nothing_in_the_file_can_be_read(file: bytes) -> None:
    assert [word for word in (b"moved.test", b"PRIVATE KEY", SECRET.encode()) if word in file] == []


def test_secrets_are_sealed_where_they_come_to(moved: Service) -> None:
    assert (SECRET.encode() in stored_bytes(moved.data_dir), SECRET in moved.log()) == (False, False)
    keys = list((moved.data_dir / "assets").glob("*/*/privkey*"))
    assert len(keys) == 1
    assert [key for key in keys if b"PRIVATE KEY" in key.read_bytes()] == []


def test_the_key_of_the_file_is_in_no_log_and_not_in_the_audit_trail(source: Service, moved: Service) -> None:
    for service in (source, moved):
        trail = service.call("GET", "/api/audit/export").body
        assert (key_text() in service.log(), key_text() in str(trail)) == (False, False)


def test_who_has_exported_and_imported_is_in_the_audit_trail(source: Service, moved: Service) -> None:
    trails = [str(service.call("GET", "/api/audit").body) for service in (source, moved)]
    assert (EXPORT in trails[0], IMPORT in trails[1]) == (True, True)


@pytest.mark.parametrize("role", ["reader", "operator"])
def test_only_an_administrator_may(source: Service, file: bytes, role: str) -> None:
    token = make_token(source, role)
    assert source.call("POST", EXPORT, export_wish(), token=token).status == 403
    assert import_into(source, file, token=token).status == 403


@pytest.mark.parametrize("key", ["", "AAAA", "not base64!", key_text(KEY[:32])])
def test_what_is_no_key_is_refused(source: Service, key: str) -> None:
    answer = source.call("POST", EXPORT, {**export_wish(), "key": key})
    assert (answer.status, answer.body["field"]) == (422, "key")


# -- an authority in the network --------------------------------------------------------------------------------------


def test_account_and_roots_of_an_authority_move_and_renewals_go_on_with_them(
    tmp_path: Path, pebble: Pebble, target: Service
) -> None:
    bundle = tmp_path / "roots.pem"
    bundle.write_bytes(pebble.ca_bundle.read_bytes())
    first = Service(tmp_path / "first").configure(httpChallengeServerPort=pebble.http_port).start()
    issue(first, {"id": "acme", "identifiers": ["acme.test"], "authority": pebble.directory, "ca_bundle": str(bundle)})
    before = show(first, "acme")
    file = export_of(first)
    assert first.stop() == 0
    first.close()
    bundle.unlink()
    target.stop()
    target.configure(httpChallengeServerPort=pebble.http_port).start()
    answer = import_into(target, file)
    assert (fates(answer)["file", str(bundle)], bundle.read_bytes()) == ("create", pebble.ca_bundle.read_bytes())
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o644
    assert show(target, "acme")["issued"] == before["issued"]
    request(target, "acme")
    after = show(target, "acme")
    ((moved,),) = [[record for record in records_in(file) if isinstance(record, AccountRecord)]]
    accounts = target.call("GET", "/api/accounts").body["accounts"]
    assert (after["status"], [account["url"] for account in accounts]) == ("healthy", [moved.url])
    assert after["issued"]["serial"] != before["issued"]["serial"]
