"""The generations of backups: a folder for each, with a manifest that says what is in it, and how long each is kept."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from certify_core.api import Backup, write_atomically

MANIFEST = "manifest.json"
DATABASE = "manageditems.db"
OTHERS = "files"
"""The folder in a generation with the data folder's other files."""
DAYS = 7
WEEKS = 13
RECENT = 2
"""The newest ones are kept however many there are of a day."""
_FORMAT = "%Y%m%dT%H%M%SZ"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation says of itself."""

    made_at: float
    reason: str
    rows: Mapping[str, int]
    last_change: int
    digests: Mapping[str, str]
    """SHA-256 of each file that is a copy, by its path in the generation; links to immutable files have none."""

    def write(self, folder: Path) -> None:
        """Keep it in a generation's folder: the last thing that is written, so that half a generation has none."""
        content = {name: getattr(self, name) for name in self.__slots__}
        write_atomically(folder / MANIFEST, json.dumps(content, indent=2).encode())

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read that of a generation.

        Raises:
            OSError, ValueError, TypeError: there is none, or it is damaged.
        """
        return cls(**json.loads((folder / MANIFEST).read_bytes()))


def new_folder(generations: Path, now: float) -> Path:
    """Make the folder of a generation that is made now."""
    stamp = datetime.fromtimestamp(now, UTC).strftime(_FORMAT)
    names = (stamp, *(f"{stamp}-{number}" for number in range(2, 1000)))
    folder = next(generations / name for name in names if not (generations / name).exists())
    folder.mkdir(mode=0o700)
    return folder


def listed(generations: Path) -> list[Backup]:
    """Return all generations, the newest first."""
    if not generations.is_dir():
        return []
    found = [_described(folder) for folder in generations.iterdir() if folder.is_dir()]
    return sorted(found, key=lambda backup: (backup.made_at, backup.id), reverse=True)


def fault_of(folder: Path, names: Sequence[str] = ()) -> str:
    """Return why a generation cannot be used, having read every copy in it or those named; nothing if it can."""
    try:
        digests = Manifest.read(folder).digests
        wrong = [name for name in names or digests if digest_of(folder / name) != digests[name]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        return f"It is not complete: {error}."
    return f"{wrong[0]} is not what was backed up." if wrong else ""


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def prune(backups: Sequence[Backup], now: float) -> None:
    """Remove the generations that are too old to keep."""
    kept = {backup.id for backup in _kept(backups, now)}
    for backup in backups:
        if backup.id not in kept:
            shutil.rmtree(backup.path, ignore_errors=True)


def _kept(backups: Sequence[Backup], now: float) -> Iterable[Backup]:
    """Return the newest ones, the last of each day for a week, and the last of each week for a quarter."""
    good = [backup for backup in backups if not backup.fault]
    yield from good[:RECENT]
    seen: set[tuple[str, int]] = set()
    for backup in good:  # the newest first
        days = int(now // 86_400) - int(backup.made_at // 86_400)
        slot = ("day", days) if days < DAYS else ("week", int(backup.made_at // (7 * 86_400)))
        if slot not in seen and days < 7 * WEEKS:
            seen.add(slot)
            yield backup


def _described(folder: Path) -> Backup:
    octets = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    try:
        manifest = Manifest.read(folder)
    except (OSError, ValueError, TypeError) as error:
        made_at = folder.stat().st_mtime
        return Backup(folder.name, made_at, "", folder, octets, {}, 0, f"It has no manifest that can be read: {error}.")
    return Backup(folder.name, manifest.made_at, manifest.reason, folder, octets, manifest.rows, manifest.last_change)
