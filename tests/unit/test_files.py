"""Writes that a reader sees whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certify_core.files import write_atomically, write_folder_atomically
from tests.support.killing import KILLED


@pytest.fixture
def narrow_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_the_content(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_an_old_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"a longer old content")
    write_atomically(tmp_path / "file", b"new")
    assert (names(tmp_path), (tmp_path / "file").read_bytes()) == (["file"], b"new")


def test_a_file_is_private_unless_told_otherwise(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"")
    assert mode(tmp_path / "file") == 0o600


def test_a_replaced_file_has_the_new_mode(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "file").chmod(0o666)
    write_atomically(tmp_path / "file", b"", mode=0o640)
    assert mode(tmp_path / "file") == 0o640


@pytest.mark.usefixtures("narrow_umask")
def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"", mode=0o644)
    assert mode(tmp_path / "file") == 0o644


def test_a_refused_write_leaves_the_target_and_no_temporary(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    (in_the_way / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="file"):
        write_atomically(in_the_way, b"new")
    assert (names(tmp_path), names(in_the_way)) == (["file"], ["full"])


def test_a_full_disk_leaves_the_old_content_and_no_temporary(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"old")
    # A limit on file size stands for the full disk: the system refuses the write half-way.
    program = """
import resource, signal, sys
from pathlib import Path
from certify_core.files import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_atomically(Path(sys.argv[1]), b"x" * 5000)
"""
    ended = run(program, tmp_path / "file")
    assert ("File too large" in ended.stderr, names(tmp_path), (tmp_path / "file").read_bytes()) == (
        True,
        ["file"],
        b"old",
    )


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing" / "file", b"new")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([letter]) * 200_000 for letter in b"ab"]
    write_atomically(path, contents[0])
    done = threading.Event()

    def read() -> set[bytes]:
        seen = {path.read_bytes()}
        while not done.is_set():
            seen.add(path.read_bytes())
        return seen

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        for number in range(50):
            write_atomically(path, contents[number % 2])
        done.set()
    assert reader.result() <= set(contents)


def test_writers_at_once_leave_one_whole_content(tmp_path: Path) -> None:
    contents = [bytes([letter]) * 100_000 for letter in b"abcdefgh"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_atomically(tmp_path / "file", content), contents))
    assert (names(tmp_path), (tmp_path / "file").read_bytes() in contents) == (["file"], True)


def test_a_new_folder_holds_exactly_the_files(tmp_path: Path) -> None:
    write_folder_atomically(tmp_path / "folder", {"a": b"1", "b": b"2"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "folder").iterdir()} == {"a": b"1", "b": b"2"}


def test_a_new_folder_and_its_files_are_private(tmp_path: Path) -> None:
    write_folder_atomically(tmp_path / "folder", {"a": b"1"})
    assert (mode(tmp_path / "folder"), mode(tmp_path / "folder" / "a")) == (0o700, 0o600)


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    write_folder_atomically(tmp_path / "folder", {"old": b"1"})
    with pytest.raises(FileExistsError):
        write_folder_atomically(tmp_path / "folder", {"new": b"2"})
    assert (names(tmp_path), names(tmp_path / "folder")) == (["folder"], ["old"])


def test_of_writers_of_one_folder_exactly_one_wins(tmp_path: Path) -> None:
    def write(number: int) -> bool:
        try:
            write_folder_atomically(tmp_path / "folder", {"a": b"%d" % number, "b": b"%d" % number})
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    contents = {path.read_bytes() for path in (tmp_path / "folder").iterdir()}
    assert (won.count(True), contents, names(tmp_path)) == (1, {b"%d" % won.index(True)}, ["folder"])


def test_a_file_name_that_is_refused_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_folder_atomically(tmp_path / "folder", {"a": b"1", "missing/b": b"2"})
    assert names(tmp_path) == []


@pytest.mark.parametrize("step", range(1, 8))
def test_a_process_killed_at_any_system_call_leaves_a_folder_whole_or_none(tmp_path: Path, step: int) -> None:
    # An audit hook kills the process at its n-th look at the disk: every place where a crash can fall.
    program = """
import os, sys
from pathlib import Path
from certify_core.files import write_folder_atomically
left = int(sys.argv[2])
def kill(event, arguments):
    global left
    if event in ("open", "os.mkdir", "os.rename"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
sys.addaudithook(kill)
write_folder_atomically(Path(sys.argv[1]), {"a": b"1", "b": b"2"})
"""
    ended = run(program, tmp_path / "folder", str(step))
    made = names(tmp_path / "folder") if (tmp_path / "folder").exists() else []
    assert (ended.returncode, made in ([], ["a", "b"])) == (KILLED, True)


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
