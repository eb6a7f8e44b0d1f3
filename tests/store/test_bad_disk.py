"""A full disk, and a database that may not be written: a clear refusal, nothing half-written, and over when it is over.

The full disk is a real one, mounted for the test: this needs root.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from certify_core.api import LocalFault
from certify_core.domain.attempts import Outcome
from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.limits import Claim, Limit, LimitKind
from certify_core.domain.order import Order, OrderState
from certify_core.store import Account, Store
from certify_core.store.ledger import Announced, Spending
from tests.support.disks import full, mounted
from tests.support.stores import (
    DAY,
    FAILURE,
    KEY_PEM,
    NOW,
    issue,
    issued_for,
    open_store,
    order_for,
    revocation_of,
    sqlite_engine,
    wanting,
)

DIRECTORY = "https://authority.test/directory"
CREDENTIAL = CredentialSettings(provider="files", parameters={"pfx_password": "sealed"})
SPENDING = Spending(DIRECTORY, Claim(Limit(LimitKind.ORDERS, 1, DAY), ""))
ANNOUNCED = Announced(DIRECTORY, LimitKind.ACCOUNT, "", NOW + DAY, "Too many.", "Wait.")


@dataclass
class Filled:
    """A store with one of each thing, and what is in it."""

    store: Store
    certificate: ManagedCertificate
    order: Order
    account: Account

    def contents(self) -> object:
        """Return everything that can be read."""
        certificates, orders, accounts = self.store.certificates, self.store.orders, self.store.accounts
        listed = certificates.page().items
        return listed, [certificates.get(item["id"]) for item in listed], orders.get(self.order.id), accounts.all()


def fill(folder: Path) -> tuple[ManagedCertificate, Order, Account]:
    """Put one of each thing into the store of a folder, and close it."""
    with open_store(folder) as store:
        certificate = issue(store, store.certificates.create(wanting(places=1), NOW))
        order = order_for(certificate)
        store.orders.open(order)
        account = store.accounts.add(DIRECTORY, KEY_PEM, NOW)
        return store.certificates.get(certificate.id), order, account


def deployed(filled: Filled) -> None:
    assert filled.certificate.issued is not None
    done = replace(filled.certificate.deployments[0], status=DeploymentStatus.DEPLOYED)
    filled.store.deployments.save(done, filled.certificate.issued.id, NOW)


WRITES: dict[str, Callable[[Filled], Any]] = {
    "create": lambda it: it.store.certificates.create(wanting("new.test", places=5), NOW),
    "edit": lambda it: it.store.certificates.update_settings(it.certificate.id, 1, wanting("new.test"), NOW),
    "delete": lambda it: it.store.certificates.delete(it.certificate.id),
    "request": lambda it: it.store.schedule.request(it.certificate.id, NOW),
    "claim": lambda it: it.store.schedule.claim_due(NOW + 400 * DAY, 1),
    "claim a deployment": lambda it: it.store.schedule.claim_due_deployments(NOW, 1),
    "release": lambda it: it.store.schedule.release(it.certificate.id, NOW),
    "begin an order": lambda it: it.store.orders.open(order_for(it.certificate)),
    "take a step": lambda it: it.store.orders.save(replace(it.order, state=OrderState.PLACED), NOW),
    "complete an order": lambda it: it.store.orders.complete(it.order, issued_for(it.certificate.settings), NOW),
    "interrupt an order": lambda it: it.store.orders.interrupt(it.order, FAILURE, Outcome(NOW + DAY), NOW),
    "fail an order": lambda it: it.store.orders.fail(it.order, FAILURE, Outcome(NOW + DAY), NOW),
    "end a rehearsal": lambda it: it.store.orders.rehearsed(replace(it.order, state=OrderState.REHEARSED), NOW),
    "save a deployment": deployed,
    "add an account": lambda it: it.store.accounts.add("https://other.test", KEY_PEM, NOW),
    "keep a credential": lambda it: it.store.credentials.create("a", CREDENTIAL, NOW),
    "spend a limit": lambda it: it.store.ledger.spend([SPENDING], NOW),
    "announce a limit": lambda it: it.store.ledger.announce([ANNOUNCED], NOW),
    "give an account another key": lambda it: it.store.accounts.begin_rollover(it.account, KEY_PEM),
    "forget an account": lambda it: it.store.accounts.remove(it.account),
    "want a revocation": lambda it: it.store.revocations.want(revocation_of(it.certificate)),
    "complete a revocation": lambda it: it.store.revocations.complete(revocation_of(it.certificate), NOW),
    "confirm an account": lambda it: it.store.accounts.confirm(replace(it.account, url="https://authority.test/1")),
}
every_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    with mounted(tmp_path / "disk", megabytes=1) as folder:
        yield folder


@pytest.fixture
def on_small_disk(small_disk: Path) -> Iterator[Filled]:
    """The store on the small disk, freshly opened: every write needs room for its log."""
    things = fill(small_disk)
    with open_store(small_disk) as store:
        yield Filled(store, *things)


@every_write
def test_a_full_disk_refuses_a_write_as_a_whole_and_takes_it_when_there_is_room(
    on_small_disk: Filled, small_disk: Path, write: Callable[[Filled], Any]
) -> None:
    before = on_small_disk.contents()
    with full(small_disk):
        with pytest.raises(LocalFault, match="full") as fault:
            write(on_small_disk)
        during = on_small_disk.contents()
    assert (during, "free disk space" in fault.value.remedy) == (before, True)
    write(on_small_disk)


def test_a_full_disk_refuses_a_certificate_as_a_whole_and_takes_it_when_there_is_room(
    on_small_disk: Filled, small_disk: Path
) -> None:
    assets = on_small_disk.store.assets
    with full(small_disk), pytest.raises(LocalFault, match="cannot be saved") as fault:
        assets.save("app", "1", "certificate", KEY_PEM)
    assert (list((small_disk / "assets").rglob("*.pem")), "Make room" in fault.value.remedy) == ([], True)
    assets.save("app", "1", "certificate", KEY_PEM)
    assert assets.load("app", "1") == ("certificate", KEY_PEM)


def test_a_full_disk_refuses_a_new_data_folder_and_takes_it_when_there_is_room(small_disk: Path) -> None:
    with full(small_disk), pytest.raises(LocalFault), open_store(small_disk):
        pass
    with open_store(small_disk) as store:
        assert store.certificates.page().items == []


class WriteProtection:
    """Makes SQLite refuse every change on an engine's connections, as it does where the file may not be written."""

    def __init__(self, engine: Engine) -> None:
        self._connections: list[sqlite3.Connection] = []
        event.listen(engine, "connect", lambda connection, _: self._connections.append(connection))

    def switch(self, on: bool) -> None:
        """Protect the file, or let it be written again."""
        for connection in self._connections:
            connection.execute(f"PRAGMA query_only = {int(on)}")


@every_write
def test_a_database_that_may_not_be_written_refuses_a_write_as_a_whole(
    tmp_path: Path, write: Callable[[Filled], Any]
) -> None:
    things = fill(tmp_path)
    engine = sqlite_engine(tmp_path)
    engine.dispose()
    protection = WriteProtection(engine)
    filled = Filled(Store(engine, tmp_path), *things)
    filled.store.schedule.release("open the connection that writes", NOW)
    before = filled.contents()
    protection.switch(True)
    with pytest.raises(LocalFault, match="readonly database") as fault:
        write(filled)
    during = filled.contents()
    protection.switch(False)
    write(filled)
    filled.store.close()
    assert (during, "permissions of the data folder" in fault.value.remedy) == (before, True)


def test_a_data_folder_on_a_read_only_disk_is_a_local_fault(small_disk: Path) -> None:
    fill(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(LocalFault) as fault, open_store(small_disk):
        pass
    assert "may write to the data folder" in fault.value.remedy
