"""Every write of the store, each on a store that has one of each thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from certify_core.domain.access import AccessToken, Role
from certify_core.domain.ari import begun
from certify_core.domain.attempts import Outcome
from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.finding import Finding, Severity
from certify_core.domain.limits import Claim, Limit, LimitKind
from certify_core.domain.news import News
from certify_core.domain.notification import ChannelSettings, Message, Trouble
from certify_core.domain.order import Order, OrderState
from certify_core.domain.revocation import Revocation
from certify_core.store import Account, Store
from certify_core.store.imports import Incoming, IncomingCertificate
from certify_core.store.ledger import Announced, Spending
from certify_core.store.tokens import StoredToken
from tests.support.stores import (
    DAY,
    FAILURE,
    KEY_PEM,
    NOW,
    ORIGIN,
    issue,
    issued_for,
    open_store,
    order_for,
    revocation_of,
    wanting,
)

DIRECTORY = "https://authority.test/directory"
CHANNEL = ChannelSettings(parameters={"url": "json://localhost"})
MESSAGE = Message("Something", "happened", Severity.ERROR)
TROUBLE = Trouble(Finding("disk-full", Severity.ERROR, "The disk is full."), NOW)
LEARNT = begun(ORIGIN.ari_id, NOW, None)
CREDENTIAL = CredentialSettings(provider="files", parameters={"pfx_password": "sealed"})
SPENDING = Spending(DIRECTORY, Claim(Limit(LimitKind.ORDERS, 1, DAY), ""))
ANNOUNCED = Announced(DIRECTORY, LimitKind.ACCOUNT, "", NOW + DAY, "Too many.", "Wait.")


TOKEN: Any = {"title": "t", "role": Role.READER, "created_by": "me", "now": NOW, "expires_at": NOW + DAY}


@dataclass
class Filled:
    """A store with one of each thing, and what is in it."""

    store: Store
    certificate: ManagedCertificate
    order: Order
    account: Account
    revocation: Revocation
    token: AccessToken
    message: str

    def contents(self) -> object:
        """Return everything that can be read."""
        certificates, orders, accounts = self.store.certificates, self.store.orders, self.store.accounts
        listed = certificates.page().items
        return (
            listed,
            [certificates.get(item["id"]) for item in listed],
            orders.get(self.order.id),
            accounts.all(),
            self.store.credentials.all(),
            self.store.channels.all(),
            self.store.tokens.all(),
            self.store.outbox.first("ops"),
            self.store.revocations.of(self.certificate.id),
        )


def fill(folder: Path) -> tuple[ManagedCertificate, Order, Account, Revocation, AccessToken, str]:
    """Put one of each thing into the store of a folder, and close it."""
    with open_store(folder) as store:
        certificate = issue(store, store.certificates.create(wanting(places=2), NOW), origin=ORIGIN)
        store.schedule.claim_due_deployments(NOW, 1)
        store.windows.keep(certificate.id, LEARNT)
        order = order_for(certificate)
        store.orders.open(order)
        account = store.accounts.add(DIRECTORY, KEY_PEM, NOW)
        store.credentials.create("kept", CREDENTIAL, NOW)
        store.channels.create("ops", CHANNEL, NOW)
        store.outbox.tell(News(come=(TROUBLE,)), {"ops": MESSAGE}, NOW)
        store.ledger.spend([SPENDING], NOW)
        waiting = store.outbox.first("ops")
        assert waiting is not None
        store.revocations.refuse(store.revocations.want(revocation_of(certificate, issued_id="other")), FAILURE)
        revocation = store.revocations.want(revocation_of(certificate))
        token = store.tokens.create("digest", **TOKEN)
        return store.certificates.get(certificate.id), order, account, revocation, token, waiting.id


def failed_and_forgotten(filled: Filled) -> None:
    filled.store.orders.fail(filled.order, FAILURE, Outcome(NOW + DAY), NOW)
    filled.store.orders.remove_failed(NOW + DAY)


def deployed(filled: Filled) -> None:
    assert filled.certificate.issued is not None
    done = replace(filled.certificate.deployments[0], status=DeploymentStatus.DEPLOYED)
    filled.store.deployments.save(done, filled.certificate.issued.id, NOW)


def imported(filled: Filled) -> None:
    coming = ManagedCertificate("coming", 1, wanting("coming.test", places=2), NOW, NOW)
    token = StoredToken("t", "t", Role.READER, "me", NOW, NOW + DAY, "another digest")
    certificates = [IncomingCertificate(coming, [revocation_of(filled.certificate, issued_id="earlier")])]
    filled.store.imports.write(Incoming(tokens=[token], certificates=certificates), NOW)


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
    "forget a failed order": failed_and_forgotten,
    "forget the order of what ended": lambda it: it.store.orders.remove_saved(it.certificate.id, "20200101_"),
    "end a rehearsal": lambda it: it.store.orders.rehearsed(replace(it.order, state=OrderState.REHEARSED), NOW),
    "save a deployment": deployed,
    "deploy again": lambda it: it.store.deployments.claim(it.certificate.id, (), NOW),
    "add an account": lambda it: it.store.accounts.add("https://other.test", KEY_PEM, NOW),
    "keep a credential": lambda it: it.store.credentials.create("a", CREDENTIAL, NOW),
    "spend a limit": lambda it: it.store.ledger.spend([SPENDING], NOW),
    "announce a limit": lambda it: it.store.ledger.announce([ANNOUNCED], NOW),
    "give an account another key": lambda it: it.store.accounts.begin_rollover(it.account, KEY_PEM),
    "forget an account": lambda it: it.store.accounts.remove(it.account),
    "want a revocation": lambda it: it.store.revocations.want(revocation_of(it.certificate)),
    "complete a revocation": lambda it: it.store.revocations.complete(revocation_of(it.certificate), NOW),
    "confirm an account": lambda it: it.store.accounts.confirm(replace(it.account, url="https://authority.test/1")),
    "add to the trail": lambda it: it.store.audit.add({"what": "something"}),
    "begin again after a start": lambda it: it.store.schedule.recover(NOW + DAY),
    "claim a window": lambda it: it.store.windows.claim_due(NOW + 400 * DAY, 1),
    "change a channel": lambda it: it.store.channels.update("ops", 1, CHANNEL, NOW),
    "change a credential": lambda it: it.store.credentials.update("kept", 1, CREDENTIAL, NOW),
    "delete a channel": lambda it: it.store.channels.delete("ops"),
    "delete a credential": lambda it: it.store.credentials.delete("kept"),
    "delete a token": lambda it: it.store.tokens.delete(it.token.id),
    "fail before there is an order": lambda it: it.store.orders.not_begun(
        it.certificate.id, FAILURE, Outcome(NOW + DAY), NOW
    ),
    "import what comes from elsewhere": imported,
    "forget revocations": lambda it: it.store.revocations.forget(it.certificate.id),
    "forget what is spent": lambda it: it.store.ledger.sweep(NOW + 400 * DAY),
    "keep a channel": lambda it: it.store.channels.create("new", CHANNEL, NOW),
    "keep a token": lambda it: it.store.tokens.create("another", **TOKEN),
    "keep a window": lambda it: it.store.windows.keep(it.certificate.id, LEARNT.model_copy(update={"failures": 1})),
    "message that failed": lambda it: it.store.outbox.fail(it.message, FAILURE),
    "message that was sent": lambda it: it.store.outbox.remove(it.message),
    "put an account in another's place": lambda it: it.store.accounts.put(it.account),
    "refuse a revocation": lambda it: it.store.revocations.refuse(it.revocation, FAILURE),
    "tell": lambda it: it.store.outbox.tell(News(gone=(TROUBLE,)), {"ops": MESSAGE}, NOW + 1),
    "write a summary": lambda it: it.store.outbox.summarise({"ops": MESSAGE}, NOW + 1),
}
