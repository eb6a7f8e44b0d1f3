"""Values as YAML text that reads as the same values, here and wherever YAML 1.1 is read."""

from __future__ import annotations

from collections.abc import Sequence

import yaml
from pydantic import JsonValue

from certify_core.configuration.text import plain_scalar

WIDTH = 120


class _Dumper(yaml.SafeDumper):
    """Writes texts so that nobody takes them for something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their field, as people do."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        """Write what is there twice twice."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) > 1 and all(line.isascii() and line.isprintable() and line.strip() == line != "" for line in lines):
        return "|"
    if not text.isprintable():
        return '"'
    return None if plain_scalar(text) == text else "'"


_Dumper.add_representer(str, _text)


def as_yaml(document: dict[str, JsonValue], comments: Sequence[str] = ()) -> str:
    """Return one document, with comments above it."""
    above = "".join(f"# {comment}\n" for comment in comments)
    return above + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
