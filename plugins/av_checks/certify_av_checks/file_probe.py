"""Measures whether files in the data folder can be written, renamed, locked and kept, as the service does all day."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from certify_av_checks.interference import Interference
from certify_core.api import replace_file, sync_folder

NAMES = ("fullchain.pem", "privkey.pem", "certificate.pfx", "serviceconfig.json", "manageditems.db.bak")
"""The kinds of files that the service writes: scanners go by the ending."""
LOCK = "service.lock"
LOCKING = 0.5
"""Seconds that a lock may take which nobody else should have."""
CONTENT = b"Certify wrote this file to see whether it may, and removes it at once: an antivirus check.\n"
SETTLING = 0.5
"""Seconds after which a scanner has done to a file what it does to those that it dislikes."""


def probe_files(folder: Path) -> list[Interference]:
    """Write, rename, lock and read files in an empty `folder`, and return what somebody did to them."""
    refused = [fault for name in NAMES for fault in _replaced(folder / name)]
    refused += _locked(folder / LOCK)
    if any(fault.blocks for fault in refused):
        return refused
    time.sleep(SETTLING)
    return [*refused, *_not_kept(folder)]


def _replaced(path: Path) -> Iterable[Interference]:
    """Replace a file twice: the second time there is one that somebody may have open."""
    for _ in range(2):
        aside = path.with_name(path.name + ".new")
        try:
            aside.write_bytes(CONTENT)
            try:
                aside.replace(path)
            except PermissionError as error:
                replace_file(aside, path)  # patiently
                yield Interference(
                    "files-held",
                    "Somebody opens the service's files while they are written.",
                    f"{path.name} could be renamed only when that was tried again: {error.strerror}.",
                    blocks=False,
                )
                return
            sync_folder(path.parent)
        except OSError as error:
            yield Interference(
                "files-blocked",
                "Somebody keeps the service from writing its files.",
                f"{path.name} could not be written and renamed: {error.strerror or error}.",
            )
            return


def _locked(path: Path) -> Iterable[Interference]:
    """Lock a file as the service locks its data folder."""
    what = "Somebody keeps the service from writing its files."
    try:
        with FileLock(path, timeout=LOCKING):
            return
    except Timeout:
        yield Interference("files-blocked", what, f"{path.name} could not be locked: another process has it locked.")
    except OSError as error:
        yield Interference("files-blocked", what, f"{path.name} could not be locked: {error.strerror or error}.")


def _not_kept(folder: Path) -> Iterable[Interference]:
    for name in NAMES:
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            yield _changed(f"{name} could not be read {SETTLING:g} s after it was written: {error.strerror}.")
        else:
            if content != CONTENT:
                yield _changed(f"{SETTLING:g} s after {name} was written there was something else in it.")


def _changed(evidence: str) -> Interference:
    return Interference("files-taken", "Somebody takes away or changes what the service has written.", evidence)
