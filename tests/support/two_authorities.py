"""Two ACME servers that look at the same port: one that counts orders and refuses what a test says, one beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.limited_authority import RefusingAuthority
from tests.support.pebble import Pebble


@dataclass(frozen=True)
class TwoAuthorities:
    """Both of them; certificates of the first are wanted."""

    first: RefusingAuthority
    second: Pebble
    roots: Path
    """PEM file with the roots of both web servers."""

    def wish(self, *identifiers: str, **more: Any) -> dict[str, Any]:
        """Say what is wanted of the first."""
        return {
            "id": identifiers[0].partition(".")[0],
            "identifiers": list(identifiers),
            "authority": self.first.directory,
            "ca_bundle": str(self.roots),
            **more,
        }


@contextmanager
def two_authorities(folder: Path, pebble: Pebble) -> Iterator[TwoAuthorities]:
    """Start the second beside `pebble`, which is behind the first."""
    with (
        RefusingAuthority(folder / "first", pebble) as first,
        Pebble(folder / "second", http_port=pebble.http_port) as second,
    ):
        roots = folder / "roots.pem"
        roots.write_text(first.ca_bundle.read_text() + second.ca_bundle.read_text())
        yield TwoAuthorities(first, second, roots)
