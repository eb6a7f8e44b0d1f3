"""Tries IIS and the machine's certificate store on a real server, with bindings and certificates of its own."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from certify_core.api import DeploymentFailed, NothingToTest, SelfTestStep
from certify_iis import registry, throwaway
from certify_iis.administration import ConfigurationChanged, IisAdmin, IisMissing, carry_out
from certify_iis.bindings import (
    ANY_IP,
    CENTRAL_STORE,
    NO_CERTIFICATE,
    SNI,
    Binding,
    BindingChange,
    Certificate,
    Change,
    Site,
    https_binding,
)
from certify_iis.description import counted
from certify_iis.environment import require_windows
from certify_iis.handshake import wait_until_shown
from certify_iis.key_access import account_of
from certify_iis.store import MARK, MachineStore, friendly_name
from certify_iis.throwaway import STORE, Key

STORES = ("My", "WebHosting", "CA")
NETWORK_SERVICE = "S-1-5-20"
SECONDS = 20.0
"""So long a binding has to show its certificate."""


class Reading(Protocol):
    """One reading of the configuration, which is outdated as soon as somebody commits."""

    def configure(self, changes: Sequence[Change]) -> None:
        """Commit changes to what was read."""


class TriedIis(IisAdmin, Protocol):
    """An IIS whose answer to a commit that was crossed can be seen."""

    def session(self) -> Reading:
        """Return a new reading."""


class IisSelfTest:
    """The steps about IIS and the certificate store."""

    name = "iis"
    title = "IIS and the machine's certificate store"
    suite = "windows"

    def __init__(
        self,
        admin: TriedIis,
        store: MachineStore,
        *,
        require: Callable[[], None] = require_windows,
        reader: Callable[[], str] = lambda: account_of(NETWORK_SERVICE),
        see: Callable[[Site, Binding, str, tuple[str, ...], float], None] = wait_until_shown,
        version: Callable[[], str] = registry.version,
        has_central_store: Callable[[], bool] = registry.has_central_store,
        port: Callable[[], int] | None = None,
        seconds: float = SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`see` looks whether a binding shows a certificate, `reader` is an account that is let read a key."""
        self._admin, self._store = admin, store
        self._require, self._reader, self._see = require, reader, see
        self._version, self._has_central_store = version, has_central_store
        self._port, self._seconds = port or _free_port, seconds
        self._pause = pause

    def is_here(self) -> bool:
        """Whether this is Windows."""
        return os.name == "nt"

    def steps(self) -> Sequence[SelfTestStep]:
        """Return what is looked at, and then what is imported and bound."""
        return [
            SelfTestStep("rights", "Python is a 64-bit one, and may administer this machine", self._look_at_rights),
            SelfTestStep("iis", "IIS is reached through its administration API", self._look_at_iis),
            SelfTestStep("iis-sites", "The sites of IIS are read with their bindings", self._look_at_sites),
            SelfTestStep("stores", "The machine's certificate stores are read", self._look_at_stores),
            *(SelfTestStep(name, title, run, changes=True) for name, title, run in self._changes()),
        ]

    def _changes(self) -> Sequence[tuple[str, str, Callable[[], str]]]:
        rsa, ecdsa = throwaway.rsa_key, throwaway.ecdsa_key
        return [
            ("store-rsa", "A made-up RSA certificate is imported with its key", lambda: self._import(rsa)),
            ("store-ecdsa", "A made-up ECDSA certificate is imported with its key", lambda: self._import(ecdsa)),
            ("store-key-access", "An account is let read the key of a made-up certificate", self._grant),
            ("iis-binding", "An https binding with SNI is added, shown, renewed", lambda: self._bind(SNI, rsa)),
            ("iis-binding-ecdsa", "The same with ECDSA certificates", lambda: self._bind(SNI, ecdsa)),
            ("iis-binding-plain", "The same without SNI, by address and port", lambda: self._bind(0, rsa)),
            ("iis-crossed", "A change that somebody crossed is refused by IIS", self._cross),
            ("iis-central-store", "A binding of the central certificate store is added", self._bind_central),
        ]

    def _look_at_rights(self) -> str:
        self._require()
        return "This is a 64-bit Python with the rights of an administrator."

    def _look_at_iis(self) -> str:
        self._sites()
        return f"IIS answers; it calls itself {self._version() or 'by no version'}."

    def _look_at_sites(self) -> str:
        return counted(self._sites())

    def _look_at_stores(self) -> str:
        found = {name: self._store.certificates(name) for name in STORES}
        ours = sum(MARK in one.friendly_name for certificates in found.values() for one in certificates)
        return f"{', '.join(f'{len(there)} in {name}' for name, there in found.items())}; {ours} of Certify's own."

    def _import(self, new_key: Callable[[], Key]) -> str:
        with self._certificates():
            thumbprint = self._put(throwaway.new_host(), new_key)
            self._store.check_key(thumbprint, STORE)
        if self._store.find(thumbprint, STORE):
            raise DeploymentFailed("The certificate is still in the store after it was removed.", "Remove it by hand.")
        told = f"{thumbprint} was imported, its key opened and found to belong to it, and it was removed."
        return f"{told} Windows keeps the file of its key, which nothing uses."

    def _grant(self) -> str:
        with self._certificates():
            thumbprint, account = self._put(throwaway.new_host(), throwaway.rsa_key), self._reader()
            before = self._store.may_read(thumbprint, STORE, account)
            self._store.grant_read(thumbprint, STORE, account)
            if not self._store.may_read(thumbprint, STORE, account):
                raise DeploymentFailed(f"{account} may not read the key after it was let.", "Send the report in.")
        return f"{account} could {'already ' if before else 'not '}read the key before, and can since it was let."

    def _bind(self, flags: int, new_key: Callable[[], Key]) -> str:
        with self._bindings() as site:
            host, port, before = throwaway.new_host(), self._port(), None
            for _ in range(2):
                thumbprint = self._put(host, new_key)
                after = https_binding(ANY_IP, port, host, flags, Certificate(thumbprint, STORE))
                self._change(site, before, after)
                self._see(site, after, thumbprint, (host,), self._seconds)
                before = after
        self._require_gone()
        return "It was added, showed its certificate, got another one, showed that, and was removed."

    def _cross(self) -> str:
        with self._bindings() as site:
            early = self._admin.session()
            one, other = (https_binding(ANY_IP, self._port(), throwaway.new_host(), SNI, NO_CERTIFICATE) for _ in "12")
            self._change(site, None, one)
            try:
                early.configure([BindingChange(site.id, site.name, None, other)])
            except ConfigurationChanged as refused:
                return f"It was refused: {refused.cause}"
            raise DeploymentFailed("IIS took a change that was made to an outdated reading.", "Send the report in.")

    def _bind_central(self) -> str:
        self._sites()
        if not self._has_central_store():
            raise NothingToTest("The central certificate store is not switched on.")
        with self._bindings() as site:
            added = https_binding(ANY_IP, self._port(), throwaway.new_host(), SNI | CENTRAL_STORE, NO_CERTIFICATE)
            self._change(site, None, added)
            if not any(added in each.bindings for each in self._admin.sites()):
                raise DeploymentFailed("The binding is not read back as it was written.", "Send the report in.")
        self._require_gone()
        return "It was added, read back with its flags, and removed."

    def _put(self, host: str, new_key: Callable[[], Key]) -> str:
        bundle = throwaway.new_bundle(host, new_key())
        self._store.put(bundle, STORE, friendly_name=friendly_name(bundle), exportable=False)
        return bundle.thumbprint

    def _change(self, site: Site, before: Binding | None, after: Binding) -> None:
        carry_out(self._admin, lambda _: [BindingChange(site.id, site.name, before, after)], self._pause)

    @contextmanager
    def _certificates(self) -> Iterator[None]:
        """Take certificates away afterwards, and before what an interrupted selftest left."""
        throwaway.forget_certificates(self._store)
        try:
            yield
        finally:
            throwaway.forget_certificates(self._store)

    @contextmanager
    def _bindings(self) -> Iterator[Site]:
        """Give a site to bind at; take bindings and certificates away afterwards, and before."""
        started = [site for site in self._sites() if site.started]
        if not started:
            raise NothingToTest("IIS has no site that is started.")
        with self._certificates():
            throwaway.forget_bindings(self._admin, self._pause)
            try:
                yield min(started, key=lambda site: site.id)
            finally:
                throwaway.forget_bindings(self._admin, self._pause)

    def _sites(self) -> Sequence[Site]:
        try:
            return self._admin.sites()
        except IisMissing as missing:
            raise NothingToTest("There is no IIS on this machine.") from missing

    def _require_gone(self) -> None:
        if any(throwaway.is_ours(binding) for site in self._admin.sites() for binding in site.bindings):
            raise DeploymentFailed("The binding is still there after it was removed.", "Remove it in IIS Manager.")


def _free_port() -> int:
    with socket.create_server(("0.0.0.0", 0)) as free:  # noqa: S104 - free on every address, as the binding needs it
        return int(free.getsockname()[1])
