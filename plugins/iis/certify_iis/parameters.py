"""What the target `iis` asks for. All that can be seen to be wrong without looking at the machine is refused here."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic import model_validator as check_together

from certify_iis.bindings import ANY_IP, SNI
from certify_iis.options import HTTPS_PORT, Options

_WINDOWS_FOLDER = re.compile(r"([A-Za-z]:[\\/]|\\\\[^\\/]+\\[^\\/]+)")


def _split(value: object) -> object:
    """Take `a;b` for a list, as the command line gives it."""
    return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else value


def _address(text: str) -> str:
    if text == ANY_IP:
        return text
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        raise ValueError(f"{text!r} is neither * nor an IP address") from None


def _folder(text: str) -> str:
    if text and not text.startswith("/") and not _WINDOWS_FOLDER.match(text):
        raise ValueError(f"{text!r} is neither an absolute path nor a share such as \\\\server\\certificates")
    return text


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


class IisParameters(BaseModel):
    """Which bindings are matched, what new ones look like, and where the certificate is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sites: Names = Field(
        default=(), description="Names or ids of sites, separated by semicolons; empty: every started site."
    )
    mode: Literal["add-or-update", "update-only", "store-only"] = Field(
        default="add-or-update",
        description="add-or-update: https bindings are added for http bindings that match; update-only: existing https "
        "bindings alone; store-only: no binding, the certificate is imported.",
    )
    match_host: bool = Field(default=True, description="Match bindings whose host is one of the certificate's names.")
    blank_host: bool = Field(default=False, description="Match bindings without a host too.")
    replace_previous: bool = Field(
        default=True, description="Match bindings that show an earlier certificate of the same managed certificate."
    )
    stopped: bool = Field(default=False, description="Match bindings of stopped sites too, where sites is empty.")
    ip: Annotated[str, AfterValidator(_address)] = Field(
        default=ANY_IP, description="Address of new bindings, * for all; existing ones keep theirs."
    )
    port: int = Field(
        default=HTTPS_PORT, ge=1, le=65535, description="Port of new bindings; existing ones keep theirs."
    )
    sni: bool = Field(
        default=True, description="Whether new bindings with a host use SNI; existing ones stay as they are."
    )
    store: Literal["My", "WebHosting"] = Field(default="My", description="Certificate store of the machine.")
    exportable: bool = Field(default=False, description="Whether the private key may be exported from the store.")
    grant_read: Names = Field(
        default=(),
        description="Accounts that may use the private key, separated by semicolons, such as IIS AppPool\\Shop.",
    )
    cleanup: Literal["none", "after-expiry", "after-renewal"] = Field(
        default="after-expiry",
        description="Which earlier certificates are removed from the store once the new one is seen to be served: "
        "none, those that have expired, or all but the one before (kept to go back to); never one that is in use.",
    )
    ccs_path: Annotated[str, AfterValidator(_folder)] = Field(
        default="",
        description="Folder of the central certificate store: files go there in place of the machine's store.",
    )
    ccs_password: SecretStr = Field(
        default=SecretStr(""), description="Password of the private keys in the central certificate store."
    )
    ccs_encryption: Literal["aes256", "legacy"] = Field(
        default="aes256", description="aes256, or legacy (3DES and SHA-1) for Windows Server 2016 and older."
    )
    verify: bool = Field(default=True, description="Whether each binding is asked for its certificate by a handshake.")
    verify_timeout: float = Field(
        default=20, gt=0, le=600, allow_inf_nan=False, description="Seconds that each binding has to show it."
    )

    @check_together(mode="after")
    def _agree(self) -> IisParameters:
        if self.ccs_path and self.mode == "store-only":
            raise ValueError("ccs_path has no machine store; leave mode=store-only out")
        if self.ccs_path and self.grant_read:
            raise ValueError("grant_read is for keys in the machine's store, and ccs_path keeps them in files")
        if self.ccs_encryption == "legacy" and self.ccs_path and not self.ccs_password.get_secret_value():
            raise ValueError("ccs_encryption=legacy needs a ccs_password")
        return self

    @property
    def options(self) -> Options:
        """The parameters that the planner needs."""
        return Options(
            sites=self.sites,
            add=self.mode == "add-or-update",
            match_host=self.match_host,
            blank_host=self.blank_host,
            replace_previous=self.replace_previous,
            stopped=self.stopped,
            ip=self.ip,
            port=self.port,
            flags=SNI if self.sni else 0,
            central_store=bool(self.ccs_path),
        )
