"""Files that another process of Windows holds, as virus scanners and backup programs do for a moment or for long."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed, LocalFault, PluginContext
from certify_core.engine.certificate_log import CertificateLogs
from certify_core.files import FileHeld, read_file, remove_file, replace_file, write_atomically, write_folder_atomically
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.target import FilesTarget
from certify_store_sqlite import SqliteStore
from certify_store_sqlite.care import SqliteCare
from tests.support.certificates import CertificateAuthority
from tests.support.contents import add, names
from tests.support.holding import held
from tests.support.service import Service
from tests.support.stores import database_file, open_store
from tests.support.waiting import eventually

A_MOMENT = 0.3
DYING = """
import os, sys
from pathlib import Path
from tests.support.stores import NOW, open_store, wanting
with open_store(Path(sys.argv[1])) as store:
    store.certificates.create(wanting("app.test"), NOW)
    os._exit(9)
"""
LOCKING = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA locking_mode = EXCLUSIVE")
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""

if sys.platform == "win32":

    @pytest.fixture
    def file(tmp_path: Path) -> Path:
        path = tmp_path / "held" / "file"
        path.parent.mkdir()
        path.write_bytes(b"old")
        return path

    @pytest.fixture
    def care(tmp_path: Path) -> SqliteCare:
        return SqliteStore().care(PluginContext(tmp_path))

    @pytest.fixture
    def filled(tmp_path: Path) -> Path:
        """A data folder whose service was killed: its WAL is still there."""
        process = subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], check=False)
        assert process.returncode != 0
        return tmp_path

    def contents(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def test_a_file_that_is_held_for_a_moment_is_replaced_then(file: Path) -> None:
        with held(file) as let_go:
            threading.Timer(A_MOMENT, let_go).start()
            write_atomically(file, b"new")
        assert contents(file.parent) == {"file": b"new"}

    def test_a_file_that_stays_held_is_left_as_it_is_and_told(file: Path) -> None:
        with held(file), pytest.raises(FileHeld, match="another process holds it open"):
            write_atomically(file, b"new")
        assert contents(file.parent) == {"file": b"old"}

    def test_a_new_file_that_is_held_for_a_moment_takes_its_place_then(file: Path) -> None:
        with held(file) as let_go:
            threading.Timer(A_MOMENT, let_go).start()
            replace_file(file, file.with_name("target"))
        assert contents(file.parent) == {"target": b"old"}

    def test_a_file_that_is_held_for_a_moment_is_removed_then(file: Path) -> None:
        with held(file) as let_go:
            threading.Timer(A_MOMENT, let_go).start()
            remove_file(file)
        assert contents(file.parent) == {}

    def test_a_file_that_is_held_for_a_moment_is_read_then(file: Path) -> None:
        with held(file) as let_go:
            threading.Timer(A_MOMENT, let_go).start()
            assert read_file(file) == b"old"

    def test_a_file_that_stays_held_cannot_be_read_and_is_told(file: Path) -> None:
        with held(file), pytest.raises(FileHeld, match="another process holds it open"):
            read_file(file)

    def test_readers_that_let_go_see_whole_files_and_stop_no_writer(file: Path) -> None:
        done = threading.Event()
        wanted = {letter * 200_000 for letter in (b"a", b"b")}
        write_atomically(file, b"a" * 200_000)

        def read() -> set[bytes]:
            seen = set()
            while not done.wait(0.01):
                seen.add(read_file(file))
            return seen

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(read)
            for _ in range(10):
                for content in wanted:
                    write_atomically(file, content)
            done.set()
        assert reader.result() <= wanted

    def test_a_folder_appears_although_a_file_in_it_was_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The file is taken right before the folder is renamed, as by a scanner of new files.
        rename, holders = Path.rename, []

        def scanned(source: Path, target: Path) -> Path:
            if not holders:
                holders.append(held(source / "a"))
                threading.Timer(A_MOMENT, holders[0].__enter__()).start()
            return rename(source, target)

        monkeypatch.setattr(Path, "rename", scanned)
        write_folder_atomically(tmp_path / "folder", {"a": b"1"})
        holders[0].__exit__(None, None, None)
        assert contents(tmp_path / "folder") == {"a": b"1"}

    def test_a_deployed_file_that_stays_held_keeps_the_whole_old_set_and_is_named(tmp_path: Path) -> None:
        authority, target, site = CertificateAuthority(), FilesTarget(), tmp_path / "site"
        parameters = FilesParameters(dir=site)
        target.apply(authority.issue("app.test"), parameters)
        before = contents(site)
        renewed: CertificateBundle = authority.issue("app.test")
        with held(site / "fullchain.pem"), pytest.raises(DeploymentFailed, match="another process") as failed:
            target.apply(renewed, parameters)
        assert ("virus scanner" in failed.value.remedy, contents(site)) == (True, before)

    def test_a_deployed_file_that_is_held_for_a_moment_is_replaced_then(tmp_path: Path) -> None:
        authority, target, site = CertificateAuthority(), FilesTarget(), tmp_path / "site"
        target.apply(authority.issue("app.test"), FilesParameters(dir=site))
        renewed = authority.issue("app.test")
        with held(site / "privkey.pem") as let_go:
            threading.Timer(A_MOMENT, let_go).start()
            target.apply(renewed, FilesParameters(dir=site))
        assert (site / "privkey.pem").read_text() == renewed.private_key_pem

    def test_a_database_that_is_held_is_told_and_opens_when_it_is_let_go(tmp_path: Path) -> None:
        with open_store(tmp_path):
            pass
        with (
            held(database_file(tmp_path)),
            pytest.raises(LocalFault, match="cannot be opened") as fault,
            open_store(tmp_path),
        ):
            pass
        with open_store(tmp_path) as store:
            assert (fault.value.remedy != "", store.certificates.page(limit=1).items) == (True, [])

    def test_a_wal_that_is_held_is_told_and_nothing_in_it_is_lost(filled: Path, care: SqliteCare) -> None:
        with held(filled / "manageditems.db-wal"), pytest.raises(LocalFault, match="cannot be read"):
            care.prepare()
        assert (care.prepare(), names(filled)) == (None, ["app.test"])

    def test_a_newest_backup_that_is_held_is_told_and_replaced_by_the_next(filled: Path, care: SqliteCare) -> None:
        care.back_up("daily")
        add(filled, "late.test")
        with held(filled / "manageditems.db.bak"), pytest.raises(LocalFault, match="another process holds it open"):
            care.back_up("daily")
        made = care.back_up("daily")
        assert (filled / "manageditems.db.bak").read_bytes() == (made.path / "manageditems.db").read_bytes()

    def test_a_database_that_another_program_has_locked_is_told(filled: Path, care: SqliteCare) -> None:
        command = [sys.executable, "-c", LOCKING, str(database_file(filled))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            with pytest.raises(LocalFault, match="database is locked"):
                care.prepare()
            other.communicate("")
        assert (care.prepare(), names(filled)) == (None, ["app.test"])

    def test_a_database_in_use_cannot_be_removed(filled: Path) -> None:
        with open_store(filled) as store:
            for file in (database_file(filled), filled / "manageditems.db-wal"):
                store.certificates.page(limit=1)
                with pytest.raises(PermissionError):
                    file.unlink()

    def test_a_log_that_cannot_be_removed_now_is_told(tmp_path: Path) -> None:
        logs = CertificateLogs(tmp_path)
        log = tmp_path / "one.log"
        log.write_text("")
        with held(log), pytest.raises(FileHeld, match="another process holds it open"):
            logs.delete("one")
        assert log.exists()

    def test_a_service_whose_database_is_held_answers_and_works_when_it_is_let_go(tmp_path: Path) -> None:
        with open_store(tmp_path):
            pass
        service = Service(tmp_path)
        with held(database_file(tmp_path)):
            said = service.launch()
        eventually(lambda: service.certify("list").code == 0)
        service.close()
        assert "manageditems.db cannot be read" in said
