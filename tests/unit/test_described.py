"""What a plugin asks for is told by its own parameter model, whoever wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from certify_core.api import InvalidInput, PluginContext
from certify_core.engine.described import DescribedParameter, describe_providers
from certify_core.plugins import Plugins, parse_parameters
from tests.support.plugins import FakeTarget, MadeUp


class Unheard:
    """A type that JSON does not know."""


class Odd(BaseModel):
    """Parameters with a type of the plugin's own."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    thing: Unheard = Field(default=Unheard(), description="What nobody has heard of.")


class Rich(BaseModel):
    """Parameters of many types."""

    folder: Path = Field(description="Where it goes.")
    port: int = Field(default=443, ge=1, le=65535)
    wait: float = Field(default=1.5, gt=0, le=60)
    many: int = Field(default=0, ge=0)
    few: float = Field(default=1, le=3)
    form: Literal["pem", "der"] = "pem"
    one: Literal["only"] = "only"
    on: bool = False
    names: list[str] = []
    maybe: int | None = None
    either: int | str = 1
    password: SecretStr = Field(default=SecretStr("hidden"), description="Opens\n    it.")
    called: Annotated[str, Field(alias="class")] = "x"


class RichTarget(FakeTarget):
    """A target with these."""

    parameters = Rich  # type: ignore[assignment]


class OddTarget(FakeTarget):
    """A target with those."""

    parameters = Odd  # type: ignore[assignment]


def described(tmp_path: Path, target: FakeTarget) -> dict[str, DescribedParameter]:
    """Return what is told of a target's parameters, by their names."""
    plugins = Plugins(PluginContext(tmp_path))
    assert plugins.register("made-up", MadeUp([target])).error is None
    (provider,) = describe_providers(plugins)
    return {parameter.name: parameter for parameter in provider.parameters}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folder", "path"),
        ("port", "whole number, 1 to 65535"),
        ("wait", "number, over 0, up to 60"),
        ("many", "whole number, 0 or more"),
        ("few", "number, up to 3"),
        ("form", "pem or der"),
        ("one", "only"),
        ("on", "true or false"),
        ("names", "list of text"),
        ("maybe", "whole number"),
        ("either", "whole number or text"),
        ("password", "text"),
        ("class", "text"),
    ],
)
def test_a_type_is_told_in_words(tmp_path: Path, name: str, words: str) -> None:
    assert described(tmp_path, RichTarget())[name].type == words


def test_it_is_told_what_is_needed_and_what_holds_otherwise(tmp_path: Path) -> None:
    parameters = described(tmp_path, RichTarget())
    assert [item.name for item in parameters.values() if item.required] == ["folder"]
    assert (parameters["port"].default, parameters["folder"].meaning) == (443, "Where it goes.")


def test_a_secret_is_marked_and_its_default_not_told(tmp_path: Path) -> None:
    password = described(tmp_path, RichTarget())["password"]
    assert (password.secret, password.default, password.meaning) == (True, None, "Opens it.")


def test_a_type_that_json_does_not_know_keeps_nothing_from_being_told(tmp_path: Path) -> None:
    thing = described(tmp_path, OddTarget())["thing"]
    assert (thing.type, thing.meaning) == ("value", "What nobody has heard of.")


def test_a_parameter_that_is_not_there_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(InvalidInput, match=r"no parameter foldr\. Did you mean folder\?.*folder \(needed\), port"):
        parse_parameters(Rich, {"foldr": "/srv"}, field="parameters")


def test_a_parameter_that_is_missing_is_named() -> None:
    with pytest.raises(InvalidInput, match="The parameter folder is missing") as refused:
        parse_parameters(Rich, {}, field="parameters")
    assert refused.value.field == "parameters.folder"


def test_a_parameter_may_be_given_by_its_alias() -> None:
    parsed = parse_parameters(Rich, {"folder": "/srv", "class": "y"}, field="parameters")
    assert isinstance(parsed, Rich)
    assert parsed.called == "y"
