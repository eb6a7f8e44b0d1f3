"""Finds plugins (stevedore), registers them (pluggy) and collects what they offer.

A plugin that does not load, whose hook raises, or that offers what breaks the contract, is recorded with its error
and left out as a whole; nothing it does can keep the others from working.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Any, Generic, TypeVar

import pluggy
from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.fields import FieldInfo
from stevedore import ExtensionManager

from certify_core.contracts import (
    AcmeAuthority,
    Authority,
    ChallengeProvider,
    DeploymentTarget,
    DirectAuthority,
    FolderKeeper,
    HealthCheck,
    Notifier,
    PluginContext,
    SecretKeeper,
    StoreProvider,
)
from certify_core.errors import InvalidInput, PluginFailed
from certify_core.hookspecs import PROJECT, HookSpecs
from certify_core.selftests import SelfTest
from certify_core.service_managers import ServiceManager
from certify_core.sign_ins import SignIn

GROUP = "certify.plugins"

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class PluginRecord:
    """One plugin as it was found: what it is and whether it works."""

    name: str
    module: str
    distribution: str = ""
    version: str = ""
    error: str | None = None
    offers: list[str] = field(default_factory=list)
    """What it brought, as ``kind:name``."""


class Registry(Generic[T]):
    """Things of one kind by name; the first one to claim a name keeps it."""

    def __init__(self, kind: str, key: str = "name") -> None:
        self._kind = kind
        self._key = key
        self._items: dict[str, T] = {}
        self._kept: dict[str, T] = {}
        """What users have named; replaced as a whole, since others may be reading."""

    def add(self, item: T) -> str:
        """Add an item and return its name.

        Raises:
            PluginFailed: another plugin has claimed the name.
        """
        name = str(getattr(item, self._key))
        if name in self._items:
            raise PluginFailed(f"There is already a {self._kind} named {name!r}.", "Uninstall one of the two plugins.")
        self._items[name] = item
        return name

    def remove(self, name: str) -> None:
        """Take an item out again."""
        del self._items[name]

    def keep(self, items: Iterable[T]) -> None:
        """Have these too, in place of those that were kept before; what a plugin brings goes first."""
        self._kept = {str(getattr(item, self._key)): item for item in items}

    def keeping(self, items: Iterable[T]) -> Registry[T]:
        """Return another registry that keeps these."""
        other: Registry[T] = Registry(self._kind, self._key)
        other._items = self._items
        other.keep(items)
        return other

    def is_brought(self, name: str) -> bool:
        """Whether a plugin brings the item of that name."""
        return name in self._items

    def get(self, name: str, *, field: str) -> T:
        """Return the item of that name.

        Raises:
            InvalidInput: there is none; names `field` and the names there are.
        """
        found = self.find(name)
        if found is None:
            known = ", ".join(sorted(self._items | self._kept)) or "none"
            raise InvalidInput(
                field, f"There is no {self._kind} named {name!r}.", f"Known: {known}. Is its plugin installed?"
            )
        return found

    def find(self, name: str) -> T | None:
        """Return the item of that name, or None."""
        return self._items.get(name) or self._kept.get(name)

    def __iter__(self) -> Iterator[T]:
        return iter((self._kept | self._items).values())


class Plugins:
    """All plugins of this process and what they offer."""

    def __init__(self, context: PluginContext) -> None:
        self.context = context
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(HookSpecs)
        self.records: list[PluginRecord] = []
        self.stores: Registry[StoreProvider] = Registry("store")
        self.challenge_providers: Registry[ChallengeProvider] = Registry("challenge provider")
        self.deployment_targets: Registry[DeploymentTarget] = Registry("deployment target")
        self.authorities: Registry[Authority] = Registry("certificate authority", key="id")
        self.service_managers: Registry[ServiceManager] = Registry("service manager")
        self.sign_ins: Registry[SignIn] = Registry("sign-in")
        self.log_handlers: Registry[logging.Handler] = Registry("log handler")
        self.secret_keepers: Registry[SecretKeeper] = Registry("secret keeper")
        self.folder_keepers: Registry[FolderKeeper] = Registry("folder keeper")
        self.health_checks: Registry[HealthCheck] = Registry("health check")
        self.selftests: Registry[SelfTest] = Registry("selftest")
        self.notifiers: Registry[Notifier] = Registry("notifier")
        self.moved_folders: Registry[Path] = Registry("moved folder")

    def described(self) -> list[PluginRecord]:
        """Return all records with the distributions that brought them."""
        found = _distributions()
        for record in self.records:
            if record.name in found:
                record.distribution = found[record.name].metadata["Name"]
                record.version = found[record.name].version
        return self.records

    @classmethod
    def load(cls, context: PluginContext) -> Plugins:
        """Find and load every installed plugin."""
        plugins = cls(context)

        def not_loaded(_: object, entry_point: EntryPoint, error: BaseException) -> None:
            record = PluginRecord(entry_point.name, entry_point.value)
            plugins.records.append(record)
            plugins._fail(record, error)

        finder = _Finder(GROUP, on_load_failure_callback=not_loaded)
        for extension in sorted(finder.extensions, key=lambda extension: extension.name):
            plugins.register(
                extension.name, extension.plugin, record=PluginRecord(extension.name, extension.entry_point_target)
            )
        return plugins

    def register(self, name: str, plugin: object, *, record: PluginRecord | None = None) -> PluginRecord:
        """Add one plugin and collect what it offers; what fails is in the record that comes back."""
        record = record or PluginRecord(name, getattr(plugin, "__name__", type(plugin).__name__))
        self.records.append(record)
        try:
            self._manager.register(plugin, name)
            self._refuse_unknown_hooks(plugin)
            record.offers = self._collect(plugin, record)
        except (Exception, SystemExit) as error:
            self._fail(record, error)
        return record

    def _refuse_unknown_hooks(self, plugin: object) -> None:
        """A misspelt hook would never be called; one that is marked optional is for another version of ours."""
        for caller in self._manager.get_hookcallers(plugin) or ():
            mine = (hook for hook in caller.get_hookimpls() if hook.plugin is plugin)
            if not caller.has_spec() and not all(hook.optionalhook for hook in mine):
                raise PluginFailed(f"There is no hook named {caller.name!r}.", "Compare it with docs/plugins.md.")

    def _collect(self, plugin: object, record: PluginRecord) -> list[str]:
        added: list[tuple[Registry[Any], str]] = []
        offers = []
        try:
            for hook, registry, protocols in self._kinds():
                for item in self._offered_by(plugin, hook):
                    _check_contract(item, protocols, hook)
                    name = registry.add(item)
                    added.append((registry, name))
                    offers.append(f"{hook.removeprefix('certify_')}:{name}")
        except BaseException:
            for registry, name in added:
                registry.remove(name)
            raise
        return offers

    def _kinds(self) -> tuple[tuple[str, Registry[Any], tuple[type, ...]], ...]:
        """Return each hook with where its answers go and what they have to be."""
        return (
            ("certify_stores", self.stores, (StoreProvider,)),
            ("certify_challenge_providers", self.challenge_providers, (ChallengeProvider,)),
            ("certify_deployment_targets", self.deployment_targets, (DeploymentTarget,)),
            ("certify_service_managers", self.service_managers, (ServiceManager,)),
            ("certify_sign_ins", self.sign_ins, (SignIn,)),
            ("certify_authorities", self.authorities, (AcmeAuthority, DirectAuthority)),
            ("certify_log_handlers", self.log_handlers, (logging.Handler,)),
            ("certify_secret_keepers", self.secret_keepers, (SecretKeeper,)),
            ("certify_folder_keepers", self.folder_keepers, (FolderKeeper,)),
            ("certify_health_checks", self.health_checks, (HealthCheck,)),
            ("certify_selftests", self.selftests, (SelfTest,)),
            ("certify_notifiers", self.notifiers, (Notifier,)),
            ("certify_moved_folders", self.moved_folders, (Path,)),
        )

    def _offered_by(self, plugin: object, hook: str) -> Sequence[object]:
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        answers = self._manager.subset_hook_caller(hook, others)(context=self.context)
        return [item for answer in answers for item in answer]

    def _fail(self, record: PluginRecord, error: BaseException) -> None:
        record.error = f"{type(error).__name__}: {error}"
        _log.error("Plugin %s (%s) is left out: %s", record.name, record.module, record.error)


def parse_parameters(model: type[BaseModel], values: dict[str, JsonValue], *, field: str) -> BaseModel:
    """Return `values` as an instance of a provider's own parameter model.

    Raises:
        InvalidInput: names the first wrong field below `field`, such as ``deployments.0.dir``.
    """
    known = {name for key, item in model.model_fields.items() for name in (key, *_aliases(item))}
    if model.model_config.get("extra") != "allow":
        for unknown in values.keys() - known:
            raise _refused(model, field, unknown, f"There is no parameter {unknown}.{_did_you_mean(unknown, known)}")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        missing = first["type"] == "missing"
        cause = f"The parameter {where} is missing." if missing else f"{where or field}: {reason}."
        raise _refused(model, field, where, cause) from None


def _refused(model: type[BaseModel], field: str, where: str, cause: str) -> InvalidInput:
    needed = {name for name, item in model.model_fields.items() if item.is_required()}
    names = ", ".join(f"{name} (needed)" if name in needed else name for name in model.model_fields)
    return InvalidInput(f"{field}.{where}".rstrip("."), cause, f"Parameters: {names or 'none'}.")


def _aliases(item: FieldInfo) -> list[str]:
    return [name for name in (item.alias, item.validation_alias) if isinstance(name, str)]


def _did_you_mean(unknown: str, known: Iterable[str]) -> str:
    alike = get_close_matches(unknown, known, n=1)
    return f" Did you mean {alike[0]}?" if alike else ""


def _check_contract(item: object, protocols: tuple[type, ...], hook: str) -> None:
    if not isinstance(item, protocols):
        raise PluginFailed(
            f"{hook} returned a {type(item).__name__}, which lacks what the contract asks for.",
            "Compare it with docs/plugins.md.",
        )


class _Finder(ExtensionManager[Any]):
    """stevedore's manager, which lets an assertion or an exit of a plugin through: here it harms the plugin alone."""

    def _load_one_plugin(self, ep: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._load_one_plugin(ep, *args, **kwargs)
        except (AssertionError, SystemExit) as error:
            raise ImportError(f"{type(error).__name__}: {error}") from error


def _distributions() -> dict[str, Distribution]:
    """Return which distribution each plugin came with; a walk over all that is installed, so only when asked."""
    return {
        entry_point.name: distribution
        for distribution in distributions()
        for entry_point in distribution.entry_points
        if entry_point.group == GROUP
    }
