"""`certify export` and `certify import`, and where a passphrase comes from."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.support.issuing import show
from tests.support.service import Ended, Service
from tests.support.wishes import CERTIFICATES, resting

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    """A file with the passphrase."""
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    return file


@pytest.fixture
def exported(service: Service, tmp_path: Path, passphrase: Path) -> Path:
    """An encrypted export."""
    target = tmp_path / "certify.export"
    assert export(service, target, passphrase).code == 0
    return target


def export(service: Service, target: Path, passphrase: Path, *more: str) -> Ended:
    return service.certify("export", "--encrypted", str(target), "--passphrase-file", str(passphrase), *more)


def import_encrypted(service: Service, file: Path, passphrase: Path, *more: str) -> Ended:
    return service.certify("import", "encrypted", str(file), "--passphrase-file", str(passphrase), *more)


def test_an_export_is_written_for_its_owner_alone_and_says_what_it_has(
    service: Service, tmp_path: Path, passphrase: Path
) -> None:
    service.call("POST", CERTIFICATES, resting("exported.test", id="exported"))
    target = tmp_path / "certify.export"
    ended = export(service, target, passphrase)
    assert (ended.code, "certificate" in ended.out, stat.S_IMODE(target.stat().st_mode)) == (0, True, 0o600)


def test_an_export_says_what_it_has_for_machines(service: Service, tmp_path: Path, passphrase: Path) -> None:
    ended = export(service, tmp_path / "certify.export", passphrase, "--json")
    assert set(ended.json) == {"file", "octets", "counts", "left_out"}


def test_an_earlier_export_is_replaced(service: Service, exported: Path, passphrase: Path) -> None:
    before = exported.read_bytes()
    assert export(service, exported, passphrase).code == 0
    assert exported.read_bytes() != before


def test_another_file_is_not_replaced(service: Service, tmp_path: Path, passphrase: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("dear")
    ended = export(service, other, passphrase)
    told = f"{other} is there already, and is no encrypted export."
    assert (ended.code, told in ended.err, other.read_text()) == (5, True, "dear")


def test_where_nothing_can_be_written_that_is_told(service: Service, tmp_path: Path, passphrase: Path) -> None:
    ended = export(service, tmp_path / "missing" / "certify.export", passphrase)
    assert (ended.code, "No such file" in ended.err) == (1, True)


def test_a_preview_shows_what_would_be_done(service: Service, exported: Path, passphrase: Path) -> None:
    ended = import_encrypted(service, exported, passphrase, "--preview")
    assert (ended.code, "Preview; nothing was changed" in ended.out) == (0, True)


def test_what_is_deleted_comes_back(service: Service, tmp_path: Path, passphrase: Path) -> None:
    service.call("POST", CERTIFICATES, resting("back.test", id="back"))
    target = tmp_path / "certify.export"
    export(service, target, passphrase)
    service.call("DELETE", f"{CERTIFICATES}/back")
    ended = import_encrypted(service, target, passphrase, "--json")
    assert (ended.code, ended.json["counts"]["create"], show(service, "back")["name"]) == (0, 1, "back.test")


def test_a_conflict_is_shown_with_its_remedy_and_ends_with_5(
    service: Service, tmp_path: Path, passphrase: Path
) -> None:
    service.call("POST", CERTIFICATES, resting("one.test", id="differs"))
    target = tmp_path / "certify.export"
    export(service, target, passphrase)
    service.call("DELETE", f"{CERTIFICATES}/differs")
    service.call("POST", CERTIFICATES, resting("two.test", id="differs"))
    ended = import_encrypted(service, target, passphrase)
    assert (ended.code, "--replace" in ended.err) == (5, True)
    assert import_encrypted(service, target, passphrase, "--replace").code == 0


def test_another_passphrase_ends_with_2_and_says_so(service: Service, exported: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase")
    ended = import_encrypted(service, exported, wrong)
    assert (ended.code, "The passphrase is not that of the file" in ended.err) == (2, True)


def test_a_file_that_is_no_export_ends_with_2_and_says_so(service: Service, passphrase: Path) -> None:
    ended = import_encrypted(service, passphrase, passphrase)
    assert (ended.code, "no encrypted export" in ended.err) == (2, True)


def test_a_damaged_file_ends_with_2_and_says_so(service: Service, exported: Path, passphrase: Path) -> None:
    exported.write_bytes(exported.read_bytes()[:-1])
    ended = import_encrypted(service, exported, passphrase)
    assert (ended.code, "not what was written" in ended.err) == (2, True)


# -- the passphrase ---------------------------------------------------------------------------------------------------


def test_it_comes_from_standard_input(service: Service, exported: Path) -> None:
    arguments = ("import", "encrypted", str(exported), "--preview", "--passphrase-file", "-")
    assert service.certify(*arguments, stdin=f"{PASSPHRASE}\n").code == 0


def test_a_byte_order_mark_is_no_part_of_it(service: Service, exported: Path, tmp_path: Path) -> None:
    file = tmp_path / "marked"
    file.write_text(f"{PASSPHRASE}\r\n", encoding="utf-8-sig")
    assert import_encrypted(service, exported, file, "--preview").code == 0


def test_it_comes_from_the_environment(exported: Path, service: Service) -> None:
    other = Service(service.data_dir, environment={"CERTIFY_PASSPHRASE": PASSPHRASE})
    assert other.certify("import", "encrypted", str(exported), "--preview").code == 0


def test_without_one_and_without_anybody_to_ask_that_is_told(service: Service, exported: Path) -> None:
    ended = service.certify("import", "encrypted", str(exported), stdin="")
    told = "There is no passphrase, and nobody to ask for it: give --passphrase-file, or set CERTIFY_PASSPHRASE."
    assert (ended.code, told in ended.err) == (2, True)


def test_one_that_is_easily_guessed_is_refused(service: Service, tmp_path: Path) -> None:
    weak = tmp_path / "weak"
    weak.write_text("secret")
    ended = export(service, tmp_path / "certify.export", weak)
    told = (
        "The passphrase has less than 12 characters: who has the file can try as long as he likes. Take several words."
    )
    assert (ended.code, told in ended.err, (tmp_path / "certify.export").exists()) == (2, True, False)


@pytest.mark.parametrize("command", [("export",), ("import", "encrypted")])
def test_no_option_takes_it_on_the_command_line(service: Service, command: tuple[str, ...]) -> None:
    shown = service.certify(*command, "--help").out
    assert {word for word in shown.split() if word.startswith("--pass")} == {"--passphrase-file"}


# -- CSV --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """A file of Certify The Web, with the mark that Excel writes."""
    file = tmp_path / "sites.csv"
    file.write_text("siteid,name,domains,performautoconfig\nauto,Csv,csv.test,true\n", encoding="utf-8-sig")
    return file


def import_csv(service: Service, file: Path, *more: str) -> Ended:
    return service.certify("import", "csv", str(file), "--ca", "local", "--no-deploy", *more)


def test_a_csv_file_is_previewed_imported_and_requested_when_that_is_asked_for(service: Service, csv: Path) -> None:
    preview = import_csv(service, csv, "--preview")
    assert (preview.code, "1 would be new" in preview.out, "performautoconfig" in preview.err) == (0, True, True)
    imported = import_csv(service, csv)
    assert (imported.code, "Nothing is requested" in imported.out) == (0, True)
    requested = import_csv(service, csv, "--request", "--json")
    assert (requested.json["counts"], requested.json["requested"]) == ({"create": 0, "unchanged": 1}, ["Csv"])
    assert import_csv(service, csv, "--request", "--json").json["requested"] == []


def test_what_is_wrong_in_a_csv_file_is_told_with_line_and_column_and_ends_with_2(
    service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "sites.csv"
    file.write_text("1,Shop,not a name\n")
    ended = import_csv(service, file)
    assert (ended.code, "Line 1, column 3 (domains)" in ended.err) == (2, True)


def test_a_csv_file_that_is_not_utf_8_is_told_with_the_line(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    file.write_bytes(b"1,Shop,a.test\n2,B\xfccher,b.test\n")
    ended = import_csv(service, file)
    assert (ended.code, f"{file}, line 2: this is not UTF-8. Save it as CSV UTF-8." in ended.err) == (2, True)
