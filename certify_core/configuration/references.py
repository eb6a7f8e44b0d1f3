"""Where a secret comes from, since it is never written in a file:

    pfx_password: {from: environment, name: PFX_PASSWORD}
    pfx_password: {from: file, path: /run/secrets/pfx}
    pfx_password: {from: command, command: [pass, show, web/pfx]}
    pfx_password: {from: credential, name: web-pfx}

The first three are looked up where the files are applied: by `certify apply` on behalf of who calls it, or by the
service for the folder that it watches. The last one is a stored credential, looked up whenever it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from certify_core.domain.credential import CredentialId
from certify_core.domain.settings import Wanted

HOW = "Say where it comes from: {from: credential, name: …}, {from: environment, name: …}, {from: file, path: …} or \
{from: command, command: […]}."
"""The remedy for a secret that is written in a file."""
_HOLDERS = ("parameters", "hmac_key")
"""Fields in which secrets can be."""


class FromCredential(Wanted):
    """A parameter of a stored credential of the same provider."""

    from_: Literal["credential"] = Field(alias="from")
    name: CredentialId


class FromEnvironment(Wanted):
    """An environment variable of whoever applies the files."""

    from_: Literal["environment"] = Field(alias="from")
    name: str = Field(pattern=r"^[^=\x00]+$")


class FromFile(Wanted):
    """A text file, without the end of its last line."""

    from_: Literal["file"] = Field(alias="from")
    path: str = Field(min_length=1)
    """Where it is; if not absolute, from the folder of the configuration file."""


class FromCommand(Wanted):
    """What a command prints, without the end of the last line; it runs without a shell."""

    from_: Literal["command"] = Field(alias="from")
    command: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments."""


Reference = FromCredential | FromEnvironment | FromFile | FromCommand
_ADAPTER: TypeAdapter[Reference] = TypeAdapter(Annotated[Reference, Field(discriminator="from_")])


def is_reference(value: JsonValue) -> bool:
    """Whether this means to say where a secret comes from, rightly or not."""
    return isinstance(value, dict) and "from" in value


def parse_reference(value: JsonValue) -> Reference:
    """Return what a value says about where a secret comes from.

    Raises:
        ValueError: it says nothing that is understood; the text is for people.
    """
    try:
        return _ADAPTER.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None


def references_in(content: JsonValue, path: str = "", *, holds: bool = False) -> Iterator[tuple[str, JsonValue]]:
    """Yield whatever says where a secret comes from, each with its path."""
    if holds and is_reference(content):
        yield path, content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from references_in(value, f"{path}.{name}".lstrip("."), holds=holds or name in _HOLDERS)
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from references_in(value, f"{path}.{index}", holds=holds)
