"""What an encrypted export holds: one JSON document in a line for each thing, secrets readable.

Each thing is one record and comes or does not come as a whole: a managed certificate with all its certificates and
keys. The first record says where the file comes from, the last how much there is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Base64UrlBytes, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from certify_core.domain.access import Role
from certify_core.domain.ari import RenewalInformation
from certify_core.domain.authority import AuthorityId, AuthoritySettings
from certify_core.domain.certificate import Issued
from certify_core.domain.credential import CredentialId, CredentialSettings
from certify_core.domain.failure import Failure
from certify_core.domain.notification import ChannelId, ChannelSettings
from certify_core.domain.revocation import RevocationReason, RevocationState
from certify_core.domain.setbacks import Setbacks
from certify_core.domain.settings import CertificateSettings

FORMAT = 1
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
"""Of a file or folder below one that is known: never a way out of it."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExportRecord(_Record):
    """Where the file comes from."""

    kind: Literal["export"] = "export"
    format: Literal[1] = 1
    made_at: float
    """Seconds since the epoch."""
    made_by: str
    """The version of Certify."""
    machine: str


class MovedFile(_Record):
    """One file of a plugin's folder."""

    content: Base64UrlBytes = Field(repr=False)
    mode: int = Field(ge=0, le=0o777)
    """Permission bits, where the system has them."""


class FolderRecord(_Record):
    """A folder of a plugin in the data folder, such as the root of the local authority."""

    kind: Literal["folder"] = "folder"
    id: FileName
    mode: int = Field(ge=0, le=0o777)
    files: dict[FileName, MovedFile]

    @property
    def contents(self) -> dict[str, bytes]:
        """What is in the files."""
        return {name: file.content for name, file in self.files.items()}


def _absolute(path: str) -> str:
    if "\0" in path or not path:
        raise ValueError("it is no path")
    return path


class FileRecord(_Record):
    """A file outside of the data folder that settings name: the TLS roots of an authority."""

    kind: Literal["file"] = "file"
    id: Annotated[str, AfterValidator(_absolute)]
    """Its path."""
    content: Base64UrlBytes


class AuthorityRecord(_Record):
    """An authority that a user has named."""

    kind: Literal["authority"] = "authority"
    id: AuthorityId
    settings: AuthoritySettings


class SettingRecord(_Record):
    """A setting of the service."""

    kind: Literal["setting"] = "setting"
    id: str
    """Its name."""
    value: JsonValue = Field(repr=False)


class CredentialRecord(_Record):
    """A stored credential."""

    kind: Literal["credential"] = "credential"
    id: CredentialId
    settings: CredentialSettings = Field(repr=False)


class AccountRecord(_Record):
    """An account at an authority, with its key."""

    kind: Literal["account"] = "account"
    id: FileName
    directory: str
    key_pem: str = Field(repr=False)
    created_at: float
    url: str | None
    orders_url: str | None
    contact: tuple[str, ...]
    eab_kid: str | None
    ca_bundle: str | None
    next_key_pem: str | None = Field(repr=False)
    deactivating: bool


class ChannelRecord(_Record):
    """A channel by which people are told."""

    kind: Literal["channel"] = "channel"
    id: ChannelId
    settings: ChannelSettings = Field(repr=False)
    summary_at: float


class TokenRecord(_Record):
    """An access token; the token itself is nowhere."""

    kind: Literal["token"] = "token"
    id: FileName
    digest: str = Field(repr=False)
    title: str
    role: Role
    created_by: str
    created_at: float
    expires_at: float


class AssetRecord(_Record):
    """One issued certificate with its chain and key."""

    id: FileName
    fullchain_pem: str
    private_key_pem: str = Field(repr=False)
    """Empty where the user keeps it."""


class RevocationRecord(_Record):
    """A certificate that was or is to be revoked."""

    issued_id: str
    serial: str
    authority: str
    ca_bundle: str | None
    certificate_pem: str
    private_key_pem: str = Field(repr=False)
    key_digest: str
    reason: RevocationReason
    renew: bool
    wanted_at: float
    state: RevocationState
    revoked_at: float | None
    failure: Failure | None
    failure_count: int
    next_attempt_at: float | None


class CertificateRecord(_Record):
    """A managed certificate: what is wanted, what was issued, and how its last attempts went."""

    kind: Literal["certificate"] = "certificate"
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    settings: CertificateSettings = Field(repr=False)
    created_at: float
    updated_at: float
    issued: Issued | None
    half: Issued | None
    failure: Failure | None
    failure_count: int
    retry_at: float | None
    setbacks: Setbacks
    ari: RenewalInformation | None
    assets: tuple[AssetRecord, ...]
    """The oldest first."""
    revocations: tuple[RevocationRecord, ...]


class EndRecord(_Record):
    """How much there is, and what is not in the file."""

    kind: Literal["end"] = "end"
    counts: dict[str, int]
    left_out: tuple[str, ...]
    """Sentences."""


Thing = (
    FolderRecord
    | FileRecord
    | SettingRecord
    | AuthorityRecord
    | CredentialRecord
    | AccountRecord
    | ChannelRecord
    | TokenRecord
    | CertificateRecord
)
Record = ExportRecord | Thing | EndRecord
RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])
