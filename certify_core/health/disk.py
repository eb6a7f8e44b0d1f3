"""Room on the disk of the data folder, and whether it takes a file at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from certify_core.domain.finding import Finding, Severity
from certify_core.errors import LocalFault
from certify_core.files import refusal
from certify_core.health.check import NothingToFix

MEGABYTE = 1_000_000
TIGHT = 512 * MEGABYTE
FULL = 20 * MEGABYTE
FEW_FILES = 1_000
"""So many more files have to fit at least."""


class DiskCheck(NothingToFix):
    """Looks at the disk on which the data folder is."""

    name = "disk"
    title = "Disk space"

    def __init__(self, data_dir: Path, *, tight: int = TIGHT, full: int = FULL) -> None:
        """`tight` and `full` are the free octets below which it is a warning and an error."""
        self._data_dir = data_dir
        self._tight = tight
        self._full = full

    def run(self) -> list[Finding]:
        """Measure, and write and remove a small file."""
        try:
            free = shutil.disk_usage(self._data_dir).free
            files = _free_files(self._data_dir)
        except OSError as error:
            raise LocalFault(f"{self._data_dir} cannot be looked at: {error.strerror}.", "Is it there?") from error
        return [self._space(free), *self._files(files), *self._written()]

    def _space(self, free: int) -> Finding:
        evidence = f"{free // MEGABYTE} MB are free on the disk of {self._data_dir}."
        where = str(self._data_dir)
        remedy = "Make room: a certificate that cannot be saved is not requested."
        if free < self._full:
            return Finding("disk-full", Severity.ERROR, "The disk is full.", evidence, remedy, subject=where)
        if free < self._tight:
            return Finding("disk-tight", Severity.WARNING, "The disk is nearly full.", evidence, remedy, subject=where)
        return Finding("disk", Severity.OK, "There is room on the disk.", evidence, subject=where)

    def _files(self, free: int | None) -> list[Finding]:
        if free is None or free >= FEW_FILES:
            return []
        evidence = f"{free} more files fit on the disk of {self._data_dir}."
        remedy = "Remove files: the disk has room for their content, and not for their names (inodes)."
        what = "The disk takes hardly any more files."
        return [Finding("disk-files", Severity.WARNING, what, evidence, remedy, subject=str(self._data_dir))]

    def _written(self) -> list[Finding]:
        error = refusal(self._data_dir)
        if error is None:
            return []
        remedy = "Make room, mend its permissions, mount it for writing, or run this as the service's user."
        return [
            Finding(
                code="folder-not-writable",
                severity=Severity.ERROR,
                what=f"{self._data_dir} cannot be written.",
                evidence=f"{error.strerror or error}",
                remedy=remedy,
                subject=str(self._data_dir),
            )
        ]


def _free_files(folder: Path) -> int | None:
    """Return how many more files fit, None where that is not counted."""
    if not hasattr(os, "statvfs"):
        return None
    status = os.statvfs(folder)
    return status.f_favail if status.f_files else None
