"""A real antivirus: ClamAV's clamd and clamonacc, with a signature database of one's own, watching one folder.

clamonacc has the kernel deny that files are opened (fanotify): this needs root.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from tests.support.processes import Program, installed

_CONFIG = """
LocalSocket {folder}/clamd.sock
DatabaseDirectory {folder}
LogFile {folder}/clamd.log
Foreground yes
User clamav
OnAccessIncludePath {watched}
OnAccessPrevention yes
OnAccessExcludeUname clamav
OnAccessMaxThreads 2
"""


class ClamAv:
    """Lets nobody read a file in `watched` that holds `disliked`, while the `with` block runs."""

    def __init__(self, watched: Path, *, disliked: bytes) -> None:
        self._programs = installed("clamd", "clamav-daemon"), installed("clamonacc", "clamav-daemon")
        self._watched = watched
        self._disliked = disliked

    def __enter__(self) -> ClamAv:
        clamd, clamonacc = self._programs
        # Not in pytest's folder, which is its owner's alone: clamd has a user of its own.
        self._folder = Path(tempfile.mkdtemp(prefix="clamav-"))
        config = self._folder / "clamd.conf"
        config.write_text(_CONFIG.format(folder=self._folder, watched=self._watched))
        # A signature for files of every kind, anywhere in them:
        # https://docs.clamav.net/manual/Signatures/ExtendedSignatures.html
        (self._folder / "local.ndb").write_text(f"Certify.Test:0:*:{self._disliked.hex()}\n")
        shutil.chown(self._folder, "clamav")
        for file in self._folder.iterdir():
            shutil.chown(file, "clamav")
        self._scanner = Program([clamd, "--config-file", str(config)], self._folder / "clamd.out")
        self._scanner.wait_until((self._folder / "clamd.sock").exists)
        arguments = [clamonacc, "--fdpass", "--foreground", "--config-file", str(config)]
        self._watcher = Program(arguments, self._folder / "clamonacc.out")
        self._watcher.wait_until(lambda: "watching" in self._watcher.log())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._watcher.stop()
        self._scanner.stop()
        shutil.rmtree(self._folder)
