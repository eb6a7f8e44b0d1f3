"""serviceconfig.json: where the service listens and how it works; read, never written, by this version.

Keys are read without regard to case, as the original's are, and unknown ones are left alone; so is the byte order mark
that Windows editors put in front.
"""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from certify_core.errors import InvalidInput

FILE = "serviceconfig.json"
DATA_DIR_VARIABLE = "CERTIFY_DATA_DIR"


class ServiceConfig(BaseModel):
    """The service's own settings."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=str.lower, populate_by_name=True)

    host: str = "localhost"
    """A loopback name or address; empty means the default."""
    port: int = Field(default=9696, ge=0, le=65535)
    """0 takes any free port."""
    httpChallengeServerPort: int = Field(default=80, ge=1, le=65535)  # noqa: N815 - the file's own spelling
    """Where the http-01 listener answers."""
    logLevel: Literal["error", "warning", "information", "debug", "verbose"] = "information"  # noqa: N815
    store: str = "sqlite"
    """Name of the storage plugin."""


def default_data_dir() -> Path:
    """Return the data folder: `CERTIFY_DATA_DIR`, else `%ProgramData%\\Certify` where there is one, else /var/lib."""
    if configured := os.environ.get(DATA_DIR_VARIABLE):
        return Path(configured)
    if program_data := os.environ.get("PROGRAMDATA"):
        return Path(program_data) / "Certify"
    return Path("/var/lib/certify")


def read_settings(data_dir: Path) -> dict[str, Any]:
    """Return the contents of serviceconfig.json with keys in lower case; nothing if there is no file.

    Raises:
        InvalidInput: it is not a JSON object.
    """
    path = data_dir / FILE
    try:
        document = orjson.loads(path.read_bytes().removeprefix(BOM_UTF8))
    except FileNotFoundError:
        return {}
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            FILE, f"{path}, line {error.lineno}, column {error.colno}: {error.msg}.", "Mend it or delete it."
        ) from error
    except OSError as error:
        raise InvalidInput(FILE, f"{path} cannot be read: {error.strerror}.", "Mend its permissions.") from error
    if not isinstance(document, dict):
        raise InvalidInput(FILE, f"{path} is not a JSON object.", 'It has to look like {"port": 9696}.')
    return {key.lower(): value for key, value in document.items()}


def parse_config(settings: dict[str, Any]) -> ServiceConfig:
    """Return the settings as values.

    Raises:
        InvalidInput: a value is wrong; names the field.
    """
    try:
        config = ServiceConfig.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        raise InvalidInput(field, f"{FILE}: {field}: {first['msg']}.", "Mend the value or remove it.") from None
    return config if config.host else config.model_copy(update={"host": "localhost"})
