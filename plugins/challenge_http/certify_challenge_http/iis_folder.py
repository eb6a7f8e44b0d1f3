"""Has IIS serve the answers in a folder: finds the `web.config` that works, and takes it away with the last answer.

A file that somebody else made is never touched: a `web.config` is written only where there is none, and removed only
while it is, to the byte, one of ours. So nothing has to be remembered: who cleans up after a crash sees what to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from certify_challenge_http.web_config import NAME, VARIANTS
from certify_core.api import remove_file, remove_leftovers, write_atomically

PATIENCE = 2.0
"""Seconds that IIS has to notice a new `web.config`."""
_PAUSE = 0.1
_READABLE = 0o644


def help_serving(folder: Path, is_served: Callable[[], bool | None], patience: float = PATIENCE) -> None:
    """See to it that what is in `folder` is served, if a `web.config` can do that.

    `is_served` looks for an answer there; it returns None where that cannot be seen from here. Then the gentlest
    variant has to do.

    Raises:
        OSError: it cannot be written.
    """
    config = folder / NAME
    if config.exists():
        return
    seen = is_served()
    if seen:
        return
    for variant in VARIANTS:
        write_atomically(config, variant, mode=_READABLE)
        if seen is None or _becomes_served(is_served, patience):
            return
    remove_file(config)  # it is something else: the check says what is served instead


def forget(folder: Path) -> None:
    """Remove our `web.config` if no answer is left beside it.

    Raises:
        OSError: it cannot be removed, or there is no such folder.
    """
    config = folder / NAME
    remove_leftovers(config)
    if config.is_file() and config.read_bytes() in VARIANTS and not any(map(_is_answer, folder.iterdir())):
        remove_file(config)


def _is_answer(file: Path) -> bool:
    """Whether a file holds a key authorization: its own name comes first in it (RFC 8555 section 8.1)."""
    begin = f"{file.name}.".encode()
    try:
        with file.open("rb") as content:
            return content.read(len(begin)) == begin
    except OSError:  # a folder, or somebody else's
        return False


def _becomes_served(is_served: Callable[[], bool | None], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not is_served():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE)
    return True
