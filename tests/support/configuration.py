"""An engine that does not run, and a folder of configuration files beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

from certify_core.configuration.applying import Applied, Configuration, Wishes
from certify_core.configuration.lookup import with_secrets
from certify_core.configuration.reading import read
from certify_core.configuration.sources import InvalidDocuments
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.engine import Engine
from certify_core.store import Store
from tests.support.plugins import FakeTarget, plugins_with
from tests.support.stores import open_store


class Desk:
    """Where files are written and applied: targets `fake` and `other`, providers `http` and `dns`, authority `acme`."""

    def __init__(self, store: Store, data_dir: Path, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (data_dir / "logs").mkdir(exist_ok=True)
        plugins = plugins_with(data_dir, FakeTarget("fake"), FakeTarget("other"))
        self.folder = folder
        self.environ: dict[str, str] = {}
        self.store = store
        self.engine = Engine(store, plugins, data_dir / "logs")
        self.configuration = Configuration(self.engine)

    def write(self, text: str, name: str = "all.yaml") -> None:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")

    def wishes(self, **how: Any) -> Wishes:
        """Return what the files want."""
        reading = with_secrets(read(self.folder), self.folder, self.environ)
        if reading.problems:
            raise InvalidDocuments(reading.problems)
        return Wishes(**{"source": str(self.folder), "documents": reading.documents, **how})

    def apply(self, **how: Any) -> list[str]:
        """Apply the folder; return what was done with what."""
        return done(self.configuration.apply(self.wishes(**how)))

    def plan(self, **how: Any) -> Applied:
        """Return the plan."""
        return self.configuration.plan(self.wishes(**how))

    def refusals(self, **how: Any) -> list[str]:
        """Try to apply the folder; return what is wrong, each with its place."""
        try:
            self.configuration.apply(self.wishes(**how))
        except InvalidDocuments as error:
            return [f"{problem.place}: {problem.cause}" for problem in error.problems]
        raise AssertionError("nothing was refused")

    def settings(self, name: str) -> CertificateSettings:
        """Return what is wanted of the managed certificate of a name."""
        (certificate_id,) = self.store.certificates.ids_named(name)
        return self.store.certificates.get(certificate_id).settings

    def change_by_hand(self, name: str, **values: Any) -> None:
        """Change a managed certificate as by the API."""
        (certificate_id,) = self.store.certificates.ids_named(name)
        current = self.store.certificates.get(certificate_id)
        self.engine.change(certificate_id, current.version, current.settings.model_copy(update=values))

    def delete_by_hand(self, name: str) -> None:
        """Delete a managed certificate as by the API."""
        (certificate_id,) = self.store.certificates.ids_named(name)
        self.engine.delete(certificate_id)

    @property
    def names(self) -> list[str]:
        """The names of all managed certificates."""
        return [str(item["name"]) for item in self.store.certificates.page(limit=1000).items]


def done(applied: Applied) -> list[str]:
    """Return what was done, in short; ``failed`` for what could not be."""
    return [f"{'failed' if step.failure else step.action} {step.name}" for step in applied.steps]


@contextlib.contextmanager
def desk_in(folder: Path) -> Iterator[Desk]:
    """Give a desk with an empty store."""
    data_dir = folder / "data"
    data_dir.mkdir(parents=True)
    with open_store(data_dir) as store:
        yield Desk(store, data_dir, folder / "files")
