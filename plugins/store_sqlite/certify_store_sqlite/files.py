"""Where the database and what belongs to it are, in one data folder."""

from __future__ import annotations

from pathlib import Path

FILE = "manageditems.db"


class DatabaseFiles:
    """The paths in one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.database = data_dir / FILE
        self.wal = data_dir / f"{FILE}-wal"
        self.shared_memory = data_dir / f"{FILE}-shm"
        self.state = data_dir / "manageditems.state"
        """The last change (`certify_store_sqlite.changes`)."""
        self.journal = data_dir / "manageditems.journal"
        """The rows that were written since the last backup (`certify_store_sqlite.journal`)."""
        self.schema = data_dir / "manageditems.schema"
        """A copy of the schema (`certify_store_sqlite.schema`)."""
        self.checked = data_dir / "manageditems.checked"
        """Its time of modification is when the database was last checked in full."""
        self.indexes = data_dir / "manageditems.indexes"
        """A digest of the full-text indexes (`certify_store_sqlite.known_index`)."""
        self.backup = data_dir / f"{FILE}.bak"
        """The newest backup of the database."""
        self.generations = data_dir / "backups"
        """Backups of the database and of all else, a folder for each."""
        self.copy = self.generations / f"{FILE}.copy"
        """A copy that is not a backup yet (`certify_store_sqlite.copying`)."""
        self.damaged = data_dir / "damaged"
        """What was set aside, a folder for each recovery."""
