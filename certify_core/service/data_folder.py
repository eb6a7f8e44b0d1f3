"""The data folder: without one that can be written there is no service."""

from __future__ import annotations

from pathlib import Path

from certify_core.errors import LocalFault


def usable(data_dir: Path) -> Path:
    """Return the folder, made if it was not there and found to take a file.

    Raises:
        LocalFault: it cannot be made or written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data_dir / ".write-check"
        probe.write_bytes(b"certify")
        probe.unlink()
    except OSError as error:
        raise LocalFault(
            f"The data folder {data_dir} cannot be written: {error.strerror or error}.",
            "Make room, mend its permissions, run the service as its owner, or choose another with --data-dir.",
        ) from error
    return data_dir.resolve()
