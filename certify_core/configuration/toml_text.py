"""The text of a TOML file as values, with the line of each: Python's reader tells no places, so they are looked for.

A place is that of the key; what is inside an inline table or a list in brackets has the place of its key.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date, time

from pydantic import JsonValue

from certify_core.configuration.sources import Position
from certify_core.configuration.text import Parsed, UnreadableText

_HEADER = re.compile(r"(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=\s*(.*)""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_LONG_QUOTES = ('"""', "'''")


def parse_toml(text: str) -> list[Parsed]:
    """Return the one document of a TOML text.

    Raises:
        UnreadableText: it is no TOML.
    """
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        last = text.count("\n") + 1
        place = (int(found[1]), int(found[2])) if found and found[1] else (last, 1)
        raise UnreadableText(place, f"This is not TOML: {_AT.sub('', str(error))}.") from error
    except RecursionError as error:
        raise UnreadableText((1, 1), "This is nested too deeply.") from error
    return [Parsed(_plain(value), {"": (1, 1), **dict(_positions(text))})]


def _plain(value: object) -> JsonValue:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    assert value is None or isinstance(value, str | int | float | bool)  # noqa: S101 - TOML has no more kinds
    return value


def _positions(text: str) -> Iterator[tuple[str, Position]]:
    tables: Counter[str] = Counter()
    prefix, long_quote = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if long_quote:
            long_quote = "" if long_quote in line else long_quote
            continue
        content = line.strip()
        place = (number, len(line) - len(line.lstrip()) + 1)
        if header := _HEADER.match(content):
            prefix = _table(_path(header[2]), tables)
            if header[1] == "[[":
                tables[prefix] += 1
                prefix = f"{prefix}.{tables[prefix] - 1}"
            yield prefix, place
        elif key := _KEY.match(content):
            yield ".".join(filter(None, (prefix, *_path(key[1])))), place
            long_quote = next((quote for quote in _LONG_QUOTES if key[2].count(quote) == 1), "")


def _path(text: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(text)]


def _table(parts: list[str], tables: Counter[str]) -> str:
    """Return the path of a table: what is below a list of tables is below its last one."""
    path = ""
    for part in parts[:-1]:
        path = f"{path}.{part}".lstrip(".")
        if tables[path]:
            path = f"{path}.{tables[path] - 1}"
    return f"{path}.{parts[-1]}".lstrip(".")
