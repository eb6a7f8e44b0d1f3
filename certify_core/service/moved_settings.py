"""The service's own settings as they move to another machine: those in its file that are not this machine's alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue, ValidationError

from certify_core.errors import InvalidInput
from certify_core.service.config import change_settings
from certify_core.service.config_file import read_config_file
from certify_core.service.settings import NAMES, ServiceConfig

OF_THE_MACHINE = frozenset(
    {"useHTTPS", "host", "port", "enableAutoPortNegotiation", "httpChallengeServerPort", "store"}
)
"""Where it answers, and what keeps its data."""


class MovedSettings:
    """The settings of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def read(self) -> dict[str, JsonValue]:
        """Return the settings in the file that move.

        Raises:
            InvalidInput: the file cannot be read.
        """
        values = read_config_file(self._data_dir).lowered
        named = {NAMES[key]: value for key, value in values.items() if key in NAMES}
        return {name: value for name, value in named.items() if name not in OF_THE_MACHINE}

    def check(self, name: str, value: JsonValue) -> None:
        """See that a setting may be written.

        Raises:
            InvalidInput: there is no such setting, it is the machine's own, or the value is wrong.
        """
        if name not in NAMES.values() or name in OF_THE_MACHINE:
            raise InvalidInput(name, f"{name} is no setting that moves.", "Was the file made by a newer Certify?")
        try:
            ServiceConfig.model_validate({name.lower(): value})
        except ValidationError as error:
            raise InvalidInput(name, f"{name}: {error.errors()[0]['msg']}.", "Set it by hand.") from None

    def write(self, settings: Mapping[str, JsonValue]) -> None:
        """Write settings; they hold from the next start.

        Raises:
            LocalFault: the file cannot be written.
        """
        change_settings(self._data_dir, settings)
