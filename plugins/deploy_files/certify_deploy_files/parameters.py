"""What the target `files` asks for. All that can be seen to be wrong without looking at the machine is refused here."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic import model_validator as check_together

from certify_core.api import DeploymentFailed

FILE_FIELDS = {
    "key": "privkey.pem",
    "certificate": "cert.pem",
    "chain": "chain.pem",
    "fullchain": "fullchain.pem",
    "pfx": "certificate.pfx",
    "der": "certificate.der",
}
"""The fields that name a file, and the name that `true` stands for."""
MAX_NAME = 200
"""Characters; file systems take 255 bytes, and the temporary names are a little longer."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """Return the parts of ``host:port`` or ``[address]:port`` (RFC 3986 section 3.2.2 for the brackets).

    Raises:
        ValueError: it is neither.
    """
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s\[\]:/]+)):([0-9]{1,5})", text)
    if match is None or not 0 < int(match[3]) < 65536:
        raise ValueError(f"{text!r} is not host:port, such as localhost:443 or [::1]:443")
    return Endpoint(match[1] or match[2], int(match[3]))


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"'{path}' is not an absolute path")
    return path


def _file_name(name: str) -> str:
    if name in {".", ".."} or re.search(r"[/\\:\x00-\x1f]", name):
        raise ValueError(f"{name!r} is not a plain file name; the folder is given by dir")
    return name


def _endpoint(text: str) -> str:
    if text:
        parse_endpoint(text)
    return text


def _command(text: str) -> str:
    if os.name == "nt":  # it splits a command line itself, and a backslash is a letter there
        return text
    try:
        shlex.split(text)
    except ValueError as error:
        raise ValueError(f"the command cannot be split into words: {error}") from error
    return text


FileName = Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_file_name)]
Wait = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class FilesParameters(BaseModel):
    """Where the files go, what they are called and what is done afterwards.

    A file's name may also be `true` (its usual name) or `false` (the file is not written).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dir: Annotated[Path, AfterValidator(_absolute)] = Field(
        description="Folder for the files, an absolute path; made with mode 0755 if it is missing."
    )
    key: FileName = Field(default="privkey.pem", description="Private key (PEM, PKCS#8, unencrypted); empty: none.")
    certificate: FileName = Field(default="cert.pem", description="Certificate alone (PEM); empty: none.")
    chain: FileName = Field(
        default="chain.pem", description="Intermediates without the root (PEM), an empty file if there are none."
    )
    fullchain: FileName = Field(
        default="fullchain.pem", description="Certificate and intermediates (PEM), what most servers want."
    )
    pfx: FileName = Field(
        default="", description="PKCS#12 file with key, certificate and chain; true: certificate.pfx; empty: none."
    )
    pfx_password: SecretStr = Field(
        default=SecretStr(""),
        description="Password of the PKCS#12 file; without one the key in it is not encrypted.",
    )
    pfx_encryption: Literal["aes256", "legacy"] = Field(
        default="aes256",
        description="aes256, or legacy (3DES and SHA-1) for Windows Server 2016 and older and for Java before 8u301.",
    )
    der: FileName = Field(default="", description="Certificate alone (DER); true: certificate.der; empty: none.")
    owner: str = Field(
        default="",
        pattern=r"^([^:\s]+(:[^:\s]+)?)?$",
        description="Owner of the files, user or user:group, names or numbers; a user alone brings its primary group; "
        "empty: the user that the service runs as.",
    )
    mode: str = Field(
        default="0600",
        pattern=r"^0?[0-7]{3}$",
        description="Octal permissions of the files with the private key; the others have 0644.",
    )
    reload: Annotated[str, AfterValidator(_command)] = Field(
        default="",
        description="Command that makes the server read the files again, such as systemctl reload nginx; run without "
        "a shell, with CERTIFY_NAME, CERTIFY_DIR and CERTIFY_THUMBPRINT in its environment.",
    )
    reload_timeout: Wait = Field(default=60, description="Seconds that the command may take.")
    verify: Annotated[str, AfterValidator(_endpoint)] = Field(
        default="",
        description="host:port (or [address]:port) whose TLS handshake has to show the new certificate; empty: the "
        "files alone are read back.",
    )
    verify_name: str = Field(
        default="", description="Server name sent in that handshake (SNI); empty: the first DNS name."
    )
    verify_timeout: Wait = Field(default=10, description="Seconds that the server has to show the new certificate.")

    @field_validator(*FILE_FIELDS, mode="before")
    @classmethod
    def _switch(cls, value: object, info: ValidationInfo) -> object:
        if value is True or value == "true":
            return FILE_FIELDS[info.field_name or ""]
        return "" if value is False or value == "false" else value

    @check_together(mode="after")
    def _agree(self) -> FilesParameters:
        # Case is ignored, for on Windows and macOS the file system does so too.
        names = [name.casefold() for field in FILE_FIELDS if (name := getattr(self, field))]
        if not names:
            raise ValueError("every file is switched off; leave at least one")
        if len(set(names)) < len(names):
            raise ValueError("two files have the same name")
        if self.pfx and self.pfx_encryption == "legacy" and not self.pfx_password.get_secret_value():
            raise ValueError("pfx_encryption=legacy needs a pfx_password")
        return self

    def named_after(self, kind: str) -> FilesParameters:
        """Return the parameters for the second certificate of a pair: `privkey.pem` becomes `privkey-rsa.pem`."""
        names = {field: name for field in FILE_FIELDS if (name := getattr(self, field))}
        renamed = {field: f"{Path(name).stem}-{kind}{Path(name).suffix}" for field, name in names.items()}
        if {name.casefold() for name in renamed.values()} & {name.casefold() for name in names.values()}:
            raise DeploymentFailed(
                f"Files of the pair's two certificates would have the same name in {self.dir}.",
                f"Give no file a name that ends in -{kind}.",
            )
        return self.model_copy(update=renamed)

    @property
    def key_mode(self) -> int:
        """Permission bits of the files with the private key."""
        return int(self.mode, 8)

    @property
    def endpoint(self) -> Endpoint | None:
        """Where the new certificate has to be seen, if that was asked for."""
        return parse_endpoint(self.verify) if self.verify else None

    @property
    def command(self) -> list[str] | str:
        """The reload command as `subprocess` wants it; Windows splits a command line itself and by other rules."""
        return self.reload if os.name == "nt" else shlex.split(self.reload)
