"""serviceconfig.json as a file: read without regard to case, found faults with their lines, changed without loss.

Keys that this version does not know stay as they are, and so does the spelling of those that it does. The byte order
mark that Windows editors put in front is no fault.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import JsonValue

from certify_core.errors import InvalidInput, LocalFault
from certify_core.files import read_file, write_atomically

FILE = "serviceconfig.json"
_MODE = 0o600
"""Who reads the heartbeat's address can silence the alarm."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The file's content; empty if there is none."""

    path: Path
    text: str
    values: dict[str, JsonValue]
    """With keys as they are written."""

    @property
    def lowered(self) -> dict[str, JsonValue]:
        """The values with keys in lower case."""
        return {key.lower(): value for key, value in self.values.items()}

    @property
    def doubles(self) -> list[str]:
        """Keys that are there several times, in spellings that mean the same, in lower case."""
        keys = [key.lower() for key in self.values]
        return sorted({key for key in keys if keys.count(key) > 1})

    def line_of(self, key: str) -> int | None:
        """Return the line of a key, counted from 1, the last one if it is there several times."""
        found = list(re.finditer(rf'"{re.escape(key)}"\s*:', self.text, re.IGNORECASE))
        return self.text.count("\n", 0, found[-1].start()) + 1 if found else None

    def change(self, changes: Mapping[str, JsonValue]) -> None:
        """Write values, and remove those that are None; everything else stays.

        Raises:
            LocalFault: the file cannot be written.
        """
        values = dict(self.values)
        for key, value in changes.items():
            *others, mine = [written for written in self.values if written.lower() == key.lower()] or [key]
            for double in others:
                del values[double]
            if value is None:
                values.pop(mine, None)
            else:
                values[mine] = value
        try:
            write_atomically(self.path, orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n", mode=_MODE)
        except OSError as error:
            raise LocalFault(
                f"{self.path} cannot be written: {error.strerror or error}.",
                "Make room or mend the permissions, and run this as the service's user.",
            ) from error


def read_config_file(data_dir: Path) -> ConfigFile:
    """Return the file's content.

    Raises:
        InvalidInput: it cannot be read, or is no JSON object; names the line.
    """
    path = data_dir / FILE
    try:
        content = read_file(path).removeprefix(BOM_UTF8)
        document = orjson.loads(content)
    except FileNotFoundError:
        return ConfigFile(path, "", {})
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            FILE, f"{path}, line {error.lineno}, column {error.colno}: {error.msg}.", "Mend it or delete it."
        ) from error
    except OSError as error:
        raise InvalidInput(FILE, f"{path} cannot be read: {error.strerror}.", "Mend its permissions.") from error
    if not isinstance(document, dict):
        raise InvalidInput(FILE, f"{path} is not a JSON object.", 'It has to look like {"port": 9696}.')
    return ConfigFile(path, content.decode(), document)
