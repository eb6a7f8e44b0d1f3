"""Plugins are found by what they keep of the contract, and a broken one harms nobody but itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from pydantic import BaseModel, Field

from certify_core.api import (
    AcmeAuthority,
    CertificateBundle,
    Challenge,
    InvalidInput,
    PlannedChange,
    PluginContext,
    hookimpl,
)
from certify_core.plugins import Plugins, Registry, parse_parameters


class Nothing(BaseModel):
    """No parameters."""


class Target:
    title = "A target"
    parameters = Nothing

    def __init__(self, name: str) -> None:
        self.name = name

    def plan(self, bundle: CertificateBundle, parameters: Nothing) -> list[PlannedChange]:
        return []

    def apply(self, bundle: CertificateBundle, parameters: Nothing) -> None:
        return None

    def verify(self, bundle: CertificateBundle, parameters: Nothing) -> None:
        return None


class Provider:
    title = "A provider"
    challenge_type = "http-01"
    parameters = Nothing

    def __init__(self, name: str) -> None:
        self.name = name

    def present(self, challenge: Challenge, parameters: Nothing) -> None:
        return None

    def check(self, challenge: Challenge, parameters: Nothing) -> None:
        return None

    def clean_up(self, challenge: Challenge, parameters: Nothing) -> None:
        return None


def plugin(**hooks: Callable[[PluginContext], object]) -> ModuleType:
    """Return a plugin that keeps these hooks."""
    module = ModuleType("a_plugin")
    for name, answer in hooks.items():
        setattr(module, name, keeping(answer))
    return module


def keeping(answer: Callable[[PluginContext], object], *, optional: bool = False) -> Callable[[PluginContext], object]:
    """Return a hook that gives the answer."""

    @hookimpl(optionalhook=optional)
    def hook(context: PluginContext) -> object:
        return answer(context)

    return hook


def offering(*names: str) -> ModuleType:
    """Return a plugin that offers deployment targets of these names."""
    return plugin(certify_deployment_targets=lambda _: [Target(name) for name in names])


@pytest.fixture
def context(tmp_path: Path) -> PluginContext:
    return PluginContext(tmp_path, {"store": "sqlite"})


@pytest.fixture
def plugins(context: PluginContext) -> Plugins:
    return Plugins(context)


def test_a_plugin_offers_things_of_several_kinds(plugins: Plugins) -> None:
    several = plugin(
        certify_challenge_providers=lambda _: [Provider("p")],
        certify_deployment_targets=lambda _: [Target("a"), Target("b")],
        certify_authorities=lambda _: [AcmeAuthority("ca", "A CA", "https://ca.test/directory")],
    )
    assert plugins.register("several", several).offers == [
        "challenge_providers:p",
        "deployment_targets:a",
        "deployment_targets:b",
        "authorities:ca",
    ]


def test_what_it_offers_is_found_by_name(plugins: Plugins) -> None:
    plugins.register("one", offering("a", "b"))
    assert plugins.deployment_targets.get("b", field="deployments.0.target").name == "b"


def test_a_hook_is_given_the_context(plugins: Plugins, context: PluginContext) -> None:
    seen: list[PluginContext] = []

    def remember(given: PluginContext) -> list[Target]:
        seen.append(given)
        return []

    plugins.register("curious", plugin(certify_deployment_targets=remember))
    assert seen == [context]


def test_a_hook_of_an_earlier_plugin_is_not_called_again(plugins: Plugins) -> None:
    calls: list[PluginContext] = []

    def count(given: PluginContext) -> list[Target]:
        calls.append(given)
        return []

    plugins.register("first", plugin(certify_deployment_targets=count))
    plugins.register("second", offering("b"))
    assert len(calls) == 1


def test_a_plugin_without_hooks_offers_nothing_and_works(plugins: Plugins) -> None:
    record = plugins.register("idle", plugin())
    assert (record.offers, record.error) == ([], None)


def _raise(error: BaseException) -> Callable[[PluginContext], object]:
    def hook(_: PluginContext) -> object:
        raise error

    return hook


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (_raise(ValueError("bad wiring")), "ValueError: bad wiring"),
        (_raise(AssertionError("never")), "AssertionError: never"),
        (_raise(SystemExit(3)), "SystemExit: 3"),
        (lambda _: [object()], "lacks what the contract asks for"),
        (lambda _: [SimpleNamespace(name="half", title="Half")], "lacks what the contract asks for"),
        (lambda _: [Provider("wrong kind")], "lacks what the contract asks for"),
        (lambda _: 3, "TypeError"),
        (lambda _: [Target("taken")], "already a deployment target named 'taken'"),
    ],
    ids=["raises", "asserts", "exits", "object", "half", "kind", "number", "taken"],
)
class TestBrokenPlugin:
    @pytest.fixture(autouse=True)
    def earlier(self, plugins: Plugins) -> None:
        plugins.register("earlier", offering("taken"))

    def test_it_is_recorded_with_its_error(
        self, plugins: Plugins, hook: Callable[[PluginContext], object], reason: str
    ) -> None:
        record = plugins.register("broken", plugin(certify_deployment_targets=hook))
        assert reason in str(record.error)

    def test_the_others_work(self, plugins: Plugins, hook: Callable[[PluginContext], object], reason: str) -> None:
        plugins.register("broken", plugin(certify_deployment_targets=hook))
        plugins.register("later", offering("later"))
        errors = {record.name: record.error is not None for record in plugins.records}
        assert (errors, [target.name for target in plugins.deployment_targets]) == (
            {"earlier": False, "broken": True, "later": False},
            ["taken", "later"],
        )


def test_a_broken_plugin_leaves_nothing_of_itself(plugins: Plugins) -> None:
    record = plugins.register("broken", plugin(certify_deployment_targets=lambda _: [Target("good"), object()]))
    assert (list(plugins.deployment_targets), record.offers) == ([], [])


def test_a_misspelt_hook_is_an_error(plugins: Plugins) -> None:
    record = plugins.register("misspelt", plugin(certify_deployment_target=lambda _: []))
    assert "no hook named 'certify_deployment_target'" in str(record.error)


def test_a_hook_of_another_version_may_be_marked_optional(plugins: Plugins) -> None:
    newer = offering("a")
    newer.certify_oracles = keeping(lambda _: [], optional=True)  # type: ignore[attr-defined]
    assert plugins.register("newer", newer).error is None


def test_a_hook_with_other_parameters_is_an_error(plugins: Plugins) -> None:
    odd = ModuleType("odd")
    odd.certify_authorities = hookimpl(lambda surroundings: [])  # type: ignore[attr-defined]
    assert "surroundings" in str(plugins.register("odd", odd).error)


def test_an_interrupt_by_the_user_is_no_fault_of_a_plugin(plugins: Plugins) -> None:
    with pytest.raises(KeyboardInterrupt):
        plugins.register("slow", plugin(certify_deployment_targets=_raise(KeyboardInterrupt())))


def test_a_plugin_registered_twice_is_recorded_as_an_error(plugins: Plugins) -> None:
    plugins.register("one", offering("a"))
    assert "one" in str(plugins.register("one", offering("b")).error)


def test_the_built_in_plugins_all_load(context: PluginContext) -> None:
    assert [record for record in Plugins.load(context).records if record.error] == []


def test_a_loaded_plugin_is_described_by_the_distribution_it_came_with(context: PluginContext) -> None:
    records = {record.name: record for record in Plugins.load(context).described()}
    assert (records["ca_local"].distribution, records["ca_local"].module) == ("certify-core", "certify_ca_local")


def test_loading_plugins_writes_nothing(context: PluginContext) -> None:
    Plugins.load(context)
    assert list(context.data_dir.iterdir()) == []


def test_an_unknown_name_is_refused_with_the_field_and_the_known_names(plugins: Plugins) -> None:
    plugins.register("two", offering("b", "a"))
    with pytest.raises(InvalidInput, match=r"no deployment target named 'c'.*Known: a, b") as refused:
        plugins.deployment_targets.get("c", field="deployments.0.target")
    assert refused.value.field == "deployments.0.target"


def test_an_empty_registry_says_that_none_is_known() -> None:
    with pytest.raises(InvalidInput, match="Known: none"):
        Registry[Target]("deployment target").get("c", field="target")


def test_find_returns_none_where_get_refuses(plugins: Plugins) -> None:
    assert plugins.stores.find("missing") is None


class Parameters(BaseModel):
    """Parameters of a target."""

    path: str
    port: int = Field(default=80, gt=0)


def test_parameters_become_an_instance_of_the_providers_model() -> None:
    assert parse_parameters(Parameters, {"path": "/srv"}, field="parameters") == Parameters(path="/srv")


@pytest.mark.parametrize(
    ("values", "field"),
    [({"path": "/srv", "port": -1}, "deployments.0.port"), ({}, "deployments.0.path")],
)
def test_a_wrong_parameter_is_refused_by_its_whole_path(values: dict[str, str | int], field: str) -> None:
    with pytest.raises(InvalidInput, match=r"Parameters: path \(needed\), port") as refused:
        parse_parameters(Parameters, dict(values), field="deployments.0")
    assert refused.value.field == field
