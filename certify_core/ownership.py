"""Whose the files in a folder are, and giving them to its owner as root.

By descriptors, and never through a link: whoever owns the folder must not lead root to files elsewhere, also not by
putting another file in the place of one that was looked at just before. Symbolic links stay whose they are: everybody
can read them.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Names = Counter[tuple[int, int]]
"""By device and number of a file: how many names it has in a folder."""


def give_to_owner(folder: Path, whose: Callable[[os.stat_result], bool]) -> None:
    """Give what is in a folder, as far down as it goes and where `whose` says so, to the owner of the folder.

    Raises:
        OSError: that is refused.
    """
    owner = folder.stat()
    for _, folders, files, parent in os.fwalk(folder, follow_symlinks=False):
        for name in (*folders, *files):
            with _opened(name, parent) as descriptor:
                if descriptor is not None and whose(os.fstat(descriptor)):
                    os.fchown(descriptor, owner.st_uid, owner.st_gid)


def names_in(folder: Path) -> Names:
    """Return how many names each file that has several has in a folder: a file with more than that has one elsewhere.

    Who owns the folder could have one counted twice by moving it meanwhile. That helps him only where he can give names
    to files of others, which Linux does not let him unless it is told to (fs.protected_hardlinks, proc(5)).
    """
    names: Names = Counter()
    for _, _, files, parent in os.fwalk(folder, follow_symlinks=False):
        for name in files:
            with suppress(FileNotFoundError):
                facts = os.stat(name, dir_fd=parent, follow_symlinks=False)
                if facts.st_nlink > 1:
                    names[facts.st_dev, facts.st_ino] += 1
    return names


@contextmanager
def _opened(name: str, parent: int) -> Iterator[int | None]:
    """Give a descriptor of a file or a folder; None for what is neither, or gone."""
    descriptor = None
    try:
        with suppress(FileNotFoundError):
            if _is_ordinary(os.stat(name, dir_fd=parent, follow_symlinks=False)):
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
        yield descriptor if descriptor is not None and _is_ordinary(os.fstat(descriptor)) else None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _is_ordinary(facts: os.stat_result) -> bool:
    return stat.S_ISDIR(facts.st_mode) or stat.S_ISREG(facts.st_mode)
