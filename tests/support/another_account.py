"""Another account of this machine, with no right that others do not have: this needs root.

Python, or the project, may lie in a folder that is closed to others, such as root's home. Then the command sees what it
needs of that folder through mounts of its own, and nothing else there.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import installed

NOBODY = 65534
PROJECT = Path(__file__).parents[2]


def as_account(uid: int) -> list[str]:
    """Return what goes before a command that is to run as this account."""
    needed = [path for path in map(Path, dict.fromkeys((sys.base_prefix, sys.prefix, str(PROJECT)))) if _closed(path)]
    lines = ["set -e", "aside=$(mktemp -d)", 'mount -t tmpfs tmpfs "$aside"']
    for number, path in enumerate(needed):
        lines += [f'mkdir "$aside/{number}"', f'mount --bind {shlex.quote(str(path))} "$aside/{number}"']
    lines += [f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(folder)}" for folder in {str(_closed(p)) for p in needed}]
    for number, path in enumerate(needed):
        lines += [
            f"mkdir -p {shlex.quote(str(path))}",
            f'mount --bind "$aside/{number}" {shlex.quote(str(path))}',
        ]
    setpriv = f"{installed('setpriv', 'util-linux')} --reuid={uid} --regid={uid} --clear-groups"
    lines += ['umount --recursive "$aside"', 'rmdir "$aside"', f'exec {setpriv} "$@"']
    return [installed("unshare", "util-linux"), "--mount", "sh", "-c", "\n".join(lines), "sh"]


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that every account can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def belonging_to(uid: int, folder: Path) -> Path:
    """Make a folder that belongs to an account."""
    folder.mkdir(mode=0o700)
    os.chown(folder, uid, uid)
    return folder


def _closed(path: Path) -> Path | None:
    """Return the uppermost folder on the way to a path that lets nobody else through."""
    return next((folder for folder in (*reversed(path.parents), path) if not folder.stat().st_mode & 0o001), None)
