"""The service's own settings as values: names, defaults and what is allowed."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from certify_core.errors import InvalidInput
from certify_core.service.audit_fields import MASK
from certify_core.service.listen import loopback_addresses

ALONE = "alone"
"""In the context of a validation: whether no setting is to be looked at beside the others."""


class ServiceConfig(BaseModel):
    """The service's own settings."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=str.lower,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    useHTTPS: bool = False  # noqa: N815 - the file's own spelling
    """Whether the API is offered by HTTPS, with a certificate that the service makes and renews itself."""
    host: str = "localhost"
    """A loopback name or address: localhost, 127.0.0.0/8 or ::1; empty means the default. With useHTTPS any name or
    address of this machine."""
    port: int = Field(default=9696, ge=0, le=65535)
    """Where the API answers; 0 takes any free port."""
    enableAutoPortNegotiation: bool = True  # noqa: N815
    """Whether the service may move to the next free port when its own is taken."""
    httpChallengeServerPort: int = Field(default=80, ge=1, le=65535)  # noqa: N815
    """Where the http-01 listener answers."""
    logLevel: Literal["error", "warning", "information", "debug", "verbose"] = "information"  # noqa: N815
    """How much is logged."""
    logFormat: Literal["text", "json"] = "text"  # noqa: N815
    """How it is logged: lines for people, or one JSON object per line."""
    store: str = "sqlite"
    """Name of the storage plugin."""
    heartbeatUrl: str = ""  # noqa: N815
    """An address that is asked every few minutes while all is well, and with /fail when it is not; empty for none.
    Who knows it can silence the alarm: it is shown without its path."""

    configFolder: str = ""  # noqa: N815
    """A folder of configuration files that is applied at the start and whenever it changes; empty for none."""
    configFolderPrune: bool = False  # noqa: N815
    """Whether what was applied from that folder is deleted when it is there no more."""

    @field_validator("port", "httpChallengeServerPort", mode="before")
    @classmethod
    def _no_truth_value(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("a port is a number")  # noqa: TRY004 - pydantic wants it so
        return value

    @field_validator("logLevel", "logFormat", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("host")
    @classmethod
    def _closed_or_encrypted(cls, value: str, info: ValidationInfo) -> str:
        try:
            loopback_addresses(value or "localhost")
        except InvalidInput as error:
            if not info.data.get("useHTTPS") and not (info.context or {}).get(ALONE):
                raise ValueError(f"{error.cause.rstrip('.')}; with useHTTPS it may be") from None
        return value or "localhost"

    @field_validator("heartbeatUrl")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("it is no http or https address")
        if MASK in value:
            raise ValueError("the mask is not the address itself")
        return value


NAMES = {name.lower(): name for name in ServiceConfig.model_fields}
"""The settings by their names in lower case."""
