"""Imports the CSV files of Certify The Web: all rows or, if anything is wrong with any of them, none.

A domain that a managed certificate has already is not taken into another one. So a file that is imported again brings
nothing new. Nothing is requested: that begins when somebody asks for it.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.engine import Engine
from certify_core.errors import CertifyError
from certify_core.store.certificates import MAX_PAGE
from certify_core.store.imports import Incoming, IncomingCertificate
from certify_core.transfer.csv_rows import Fault, Row, read_rows
from certify_core.transfer.csv_settings import Meaning, RowRefused, meaning_of, notes_on_columns, settings_of
from certify_core.transfer.report import Fate


@dataclass(frozen=True, slots=True)
class CsvWish:
    """What is to be made of a file."""

    text: str
    authority: str = "letsencrypt"
    ca_bundle: str | None = None
    deploy: bool = True
    """Without it nothing is deployed: for machines without IIS."""


@dataclass(frozen=True, slots=True)
class CsvItem:
    """One row and its fate."""

    line: int
    name: str
    identifiers: tuple[str, ...]
    fate: Fate
    certificate_id: str | None = None
    """The managed certificate that has all its domains."""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class CsvReport:
    """What was, or would be, imported; with faults nothing is."""

    notes: list[str] = field(default_factory=list)
    """About columns."""
    items: list[CsvItem] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have which fate."""
        counted = Counter(item.fate for item in self.items)
        return {fate.value: counted[fate] for fate in (Fate.CREATE, Fate.UNCHANGED)}


class CsvImporter:
    """Imports into one service; one file at a time, so that no domain comes twice."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()

    def preview(self, wish: CsvWish) -> CsvReport:
        """Return what `run` would do now; nothing is written."""
        return self._plan(wish)[0]

    def run(self, wish: CsvWish) -> CsvReport:
        """Import a file, unless there are faults.

        Raises:
            LocalFault: the database cannot be written; nothing is imported.
        """
        with self._lock:
            return self._run(wish)

    def _run(self, wish: CsvWish) -> CsvReport:
        report, settings = self._plan(wish)
        if report.faults:
            return report
        now = self._clock()
        coming = {
            item.line: ManagedCertificate(uuid.uuid4().hex, 1, settings[item.line], now, now)
            for item in report.items
            if item.fate is Fate.CREATE
        }
        incoming = Incoming(certificates=[IncomingCertificate(certificate) for certificate in coming.values()])
        self._engine.store.imports.write(incoming, now)
        self._engine.take_up()
        made = {line: certificate.id for line, certificate in coming.items()}
        items = [replace(item, certificate_id=made.get(item.line, item.certificate_id)) for item in report.items]
        return CsvReport(report.notes, items)

    def _plan(self, wish: CsvWish) -> tuple[CsvReport, dict[int, CertificateSettings]]:
        """Return the report, and the settings for each line that brings something new."""
        rows, faults = read_rows(wish.text)
        report = CsvReport(notes_on_columns(rows[0].columns) if rows else [], [], faults)
        if not rows and not faults:
            report.faults.append(Fault(1, 0, "", "There is no row.", "Give a file with at least one."))
        settings: dict[int, CertificateSettings] = {}
        owners = dict(self._owners())
        for row in rows:
            try:
                meaning = meaning_of(row)
                item = _item(row, meaning, owners)
                if item.fate is Fate.CREATE:
                    left = replace(meaning, identifiers=item.identifiers)
                    settings[row.line] = self._checked(row, left, wish)
                    owners |= dict.fromkeys(item.identifiers, (f"line {row.line}", None))
                report.items.append(item)
            except RowRefused as refused:
                report.faults += refused.faults
        return report, settings

    def _checked(self, row: Row, meaning: Meaning, wish: CsvWish) -> CertificateSettings:
        try:
            settings = settings_of(meaning, wish.authority, wish.ca_bundle, deploy=wish.deploy)
            return self._engine.wanted.checked(settings)
        except CertifyError as error:
            raise RowRefused([Fault(row.line, 0, "", error.cause, error.remedy)]) from error

    def _owners(self) -> Iterator[tuple[str, tuple[str, str | None]]]:
        """Give each identifier of a managed certificate, with that one's name and id."""
        after: str | None = None
        while True:
            page = self._engine.store.certificates.page(limit=MAX_PAGE, after=after)
            for item in page.items:
                yield from ((identifier, (item["name"], item["id"])) for identifier in item["identifiers"])
            if page.next is None:
                return
            after = page.next


def _item(row: Row, meaning: Meaning, owners: dict[str, tuple[str, str | None]]) -> CsvItem:
    """Return what becomes of a row, without the domains that others have."""
    taken = [name for name in meaning.identifiers if name in owners]
    left = tuple(name for name in meaning.identifiers if name not in owners)
    notes = (*meaning.notes, *(f"{name} is left out: {owners[name][0]} has it." for name in taken))
    ids = {owners[name][1] for name in taken}
    title = meaning.name or meaning.identifiers[0]
    if left:
        return CsvItem(row.line, title, left, Fate.CREATE, None, notes)
    return CsvItem(row.line, title, meaning.identifiers, Fate.UNCHANGED, ids.pop() if len(ids) == 1 else None, notes)
