"""The text of a configuration file as values, with the place of each: YAML 1.2, JSON and TOML.

YAML is read by its core schema, where `no` and `on` are words; a number with zeros in front, such as 0600, is a word
too. Keys that are there twice are errors, and so are tags.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson
import yaml
from pydantic import JsonValue

from certify_core.configuration.sources import Position

MOST_VALUES = 200_000
"""So many values a file may have once its aliases are followed."""
LONGEST_NUMBER = 40
"""Characters; what is longer is a word."""
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_INTEGERS = range(-(2**63), 2**64)
"""Those that JSON can hold here; a longer row of digits is a word."""
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}
"""Those of whoever writes none."""


class UnreadableText(ValueError):
    """It is not what its name says; carries the place."""

    def __init__(self, position: Position, cause: str) -> None:
        super().__init__(cause)
        self.position = position


@dataclass(slots=True)
class Parsed:
    """One value, and the place of everything in it by its path, such as ``deployments.0.target``."""

    value: JsonValue
    positions: dict[str, Position] = field(default_factory=dict)

    def items(self, items: list[JsonValue], path: str) -> Iterator[Parsed]:
        """Yield the items of a list that is part of the value, each with the places of everything in it."""
        places: defaultdict[str, dict[str, Position]] = defaultdict(dict)
        for name, place in self.positions.items():
            if name.startswith(path):
                index, _, rest = name[len(path) :].partition(".")
                places[index][rest] = place
        for number, item in enumerate(items):
            yield Parsed(item, places[str(number)])


def parse_yaml(text: str) -> list[Parsed]:
    """Return the documents of a YAML stream.

    Raises:
        UnreadableText: it is no YAML.
    """
    return [_Builder().build(node) for node in _nodes(text)]


def parse_json(text: str) -> list[Parsed]:
    """Return the one document of a JSON text (RFC 8259).

    Raises:
        UnreadableText: it is no JSON.
    """
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnreadableText((error.lineno, error.colno), f"This is not JSON: {error.msg}.") from error
    # JSON is YAML but for tabs, which stand nowhere in its strings, and for escapes of half a character.
    try:
        located = [_Builder().build(node) for node in _nodes(text.replace("\t", " "))]
    except UnreadableText as error:
        if isinstance(error, _Double):
            raise
        return [Parsed(value)]
    return [Parsed(value, located[0].positions if located else {})]


class _Double(UnreadableText):
    """A key is there twice."""


class _Builder:
    """Makes values of nodes."""

    def __init__(self) -> None:
        self._positions: dict[str, Position] = {}
        self._open: set[int] = set()
        self._count = 0

    def build(self, node: yaml.Node) -> Parsed:
        self._positions[""] = _position(node)
        return Parsed(self._value(node, ""), self._positions)

    def _value(self, node: yaml.Node, path: str) -> JsonValue:
        self._count += 1
        if self._count > MOST_VALUES:
            raise UnreadableText(_position(node), f"The file has more than {MOST_VALUES:,} values.")
        if node.tag not in _TAGS:
            raise UnreadableText(_position(node), f"Tags such as {node.tag} mean nothing here.")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            raise UnreadableText(_position(node), "This alias is part of what it stands for.")
        self._open.add(id(node))
        try:
            return self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        finally:
            self._open.remove(id(node))

    def _mapping(self, node: yaml.MappingNode, path: str) -> JsonValue:
        found: dict[str, JsonValue] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UnreadableText(_position(key), "The name of a field has to be a word.")
            if key.value in found:
                raise _Double(_position(key), f"The field {key.value} is there twice.")
            where = f"{path}.{key.value}".lstrip(".")
            self._positions.setdefault(where, _position(key))
            found[key.value] = self._value(value, where)
        return found

    def _sequence(self, node: yaml.Node, path: str) -> JsonValue:
        found: list[JsonValue] = []
        for index, item in enumerate(node.value):
            where = f"{path}.{index}".lstrip(".")
            self._positions.setdefault(where, _position(item))
            found.append(self._value(item, where))
        return found


def _nodes(text: str) -> Iterable[yaml.Node]:
    try:
        return list(yaml.compose_all(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise UnreadableText(place, f"This is not YAML: {error.problem or error.context}.") from error
    except yaml.reader.ReaderError as error:
        place = (text.count("\n", 0, error.position) + 1, 1)
        raise UnreadableText(place, "There is a character that YAML does not allow.") from error
    except RecursionError as error:
        raise UnreadableText((1, 1), "This is nested too deeply.") from error


def _scalar(node: yaml.ScalarNode) -> JsonValue:
    return node.value if node.style else plain_scalar(node.value)


def plain_scalar(text: str) -> JsonValue:
    """Return what a text means that has no quotes."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text) if len(text) <= LONGEST_NUMBER and int(text) in _INTEGERS else text
    if _FLOAT.fullmatch(text) and len(text) <= LONGEST_NUMBER:
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def _position(node: yaml.Node) -> Position:
    return (node.start_mark.line + 1, node.start_mark.column + 1)
