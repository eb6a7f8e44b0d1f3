"""The service's own settings: defaults, serviceconfig.json, the environment and the command line, each over the last.

A value that is wrong is left out, named with its line, and the default holds in its place: a misspelt log level is no
reason to let certificates expire. What is wrong is a health finding until somebody mends it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import JsonValue, ValidationError

from certify_core.errors import InvalidInput
from certify_core.service.audit_fields import MASK
from certify_core.service.config_file import FILE, ConfigFile, read_config_file
from certify_core.service.settings import ALONE, NAMES, ServiceConfig

DATA_DIR_VARIABLE = "CERTIFY_DATA_DIR"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings as they hold, where each comes from, and what was wrong."""

    config: ServiceConfig
    settings: dict[str, JsonValue]
    """All that was given, keys in lower case, also what this version does not know."""
    sources: dict[str, str]
    """For each setting that is not the default: ``file``, an environment variable's name, or ``command line``."""
    problems: tuple[InvalidInput, ...]

    @property
    def unknown(self) -> list[str]:
        """What was given and is no setting of the core, in lower case."""
        return sorted(self.settings.keys() - NAMES.keys())

    @property
    def danger(self) -> InvalidInput | None:
        """Why the database that is meant is not known: to open another one would be worse than not to work."""
        unknown = (problem for problem in self.problems if problem.field in {FILE, "store"})
        return next(unknown, None)

    @property
    def may_move(self) -> bool:
        """Whether the service may move to another port, and a file may say so."""
        return (
            self.config.enableAutoPortNegotiation
            and self.sources.get("port", "file") == "file"
            and self.config.port != 0
        )


def default_data_dir() -> Path:
    """Return the data folder: `CERTIFY_DATA_DIR`, else `%ProgramData%\\Certify` where there is one, else /var/lib."""
    if configured := os.environ.get(DATA_DIR_VARIABLE):
        return Path(configured)
    if program_data := os.environ.get("PROGRAMDATA"):
        return Path(program_data) / "Certify"
    return Path("/var/lib/certify")


def variable_of(name: str) -> str:
    """Return the environment variable that overrides a setting: `CERTIFY_LOG_LEVEL` for `logLevel`."""
    return "CERTIFY_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def read_configuration(
    data_dir: Path, overrides: Mapping[str, JsonValue] | None = None, environ: Mapping[str, str] = os.environ
) -> Configuration:
    """Return the settings of a data folder; `overrides` are the command line's and win over all."""
    problems: list[InvalidInput] = []
    try:
        file = read_config_file(data_dir)
    except InvalidInput as error:
        problems.append(error)
        file = ConfigFile(data_dir / FILE, "", {})
    given: dict[str, JsonValue] = file.lowered
    sources: dict[str, str] = {}
    for wrong in (*_doubles(file), *_faults(given, f"{file.path}", file, alone=True)):
        problems.append(wrong)
        given.pop(wrong.field.lower(), None)
    sources |= {NAMES[key]: "file" for key in given if key in NAMES}
    for key, name in NAMES.items():
        variable = variable_of(name)
        if (value := environ.get(variable)) is None:
            continue
        wrongs = _faults({key: value}, f"Environment variable {variable}", alone=True)
        problems += wrongs
        if not wrongs:
            given[key] = value
            sources[name] = variable
    for key, override in (overrides or {}).items():
        given[key.lower()] = override
        sources[NAMES[key.lower()]] = "command line"
    origin = sources.get("host", "file")
    place = (f"{file.path}", file) if origin == "file" else (f"Environment variable {origin}", None)
    for wrong in _faults(given, *place):  # a host that is right where there is HTTPS, and there is none
        problems.append(wrong)
        given.pop(wrong.field.lower())
        sources.pop(wrong.field)
    return Configuration(ServiceConfig.model_validate(given), given, sources, tuple(problems))


def described(configuration: Configuration) -> list[dict[str, Any]]:
    """Return every setting with its value, where that comes from, the default and what it means."""
    return [
        {
            "name": name,
            "value": _shown(name, getattr(configuration.config, name)),
            "source": configuration.sources.get(name, "default"),
            "default": field.default,
            "description": (field.description or "").replace("\n", " "),
        }
        for name, field in ServiceConfig.model_fields.items()
    ]


def _shown(name: str, value: Any) -> Any:
    """Return a value for people: of the heartbeat's address no more than where it leads."""
    if name != "heartbeatUrl" or not value:
        return value
    address = urlsplit(value)
    return f"{address.scheme}://{address.hostname}/{MASK}"


def change_settings(data_dir: Path, changes: Mapping[str, JsonValue]) -> None:
    """Write settings into serviceconfig.json, and take out those that are None; they hold from the next start.

    A text is read as the kind of value that its setting has. All are written, or none.

    Raises:
        InvalidInput: there is no such setting, a value is wrong, or the file cannot be read.
        LocalFault: the file cannot be written.
    """
    for name in changes:
        if name.lower() not in NAMES:
            raise InvalidInput(name, f"There is no setting {name!r}.", f"Known: {', '.join(NAMES.values())}.")
    file = read_config_file(data_dir)
    wanted = {name.lower(): value for name, value in changes.items()}
    before = file.lowered
    after = {key: value for key, value in {**before, **wanted}.items() if wanted.get(key, value) is not None}
    known = {wrong.field for wrong in _faults(before, FILE)} - {NAMES[key] for key in wanted}
    if wrongs := [wrong for wrong in _faults(after, FILE) if wrong.field not in known]:
        raise wrongs[0]
    right = {key: value for key, value in after.items() if NAMES.get(key) not in known}
    values = ServiceConfig.model_validate(right)
    file.change({NAMES[key]: None if value is None else getattr(values, NAMES[key]) for key, value in wanted.items()})


def _doubles(file: ConfigFile) -> list[InvalidInput]:
    return [
        InvalidInput(
            NAMES[key],
            f"{file.path}, line {file.line_of(key)}: {NAMES[key]} is there several times, in other spellings.",
            "Keep one of them.",
        )
        for key in file.doubles
        if key in NAMES
    ]


def _faults(
    settings: Mapping[str, Any], where: str, file: ConfigFile | None = None, *, alone: bool = False
) -> list[InvalidInput]:
    """Return what is wrong with the settings, one error for each field, with the line where there is a file.

    With `alone` each is looked at for itself: what others it needs may come from elsewhere.
    """
    try:
        ServiceConfig.model_validate(settings, context={ALONE: alone})
    except ValidationError as error:
        return [_fault(dict(each), where, file) for each in error.errors(include_url=False)]
    return []


def _fault(error: dict[str, Any], where: str, file: ConfigFile | None) -> InvalidInput:
    name = NAMES[str(error["loc"][0]).lower()]
    line = file.line_of(name) if file else None
    place = f"{where}, line {line}" if line else where
    message = error["msg"].removeprefix("Value error, ")
    return InvalidInput(name, f"{place}: {name}: {message}.", _remedy(name))


def _remedy(name: str) -> str:
    default = ServiceConfig.model_fields[name].default
    return f"Mend the value, or remove it: the default is {default!r}.".replace("'", '"')
