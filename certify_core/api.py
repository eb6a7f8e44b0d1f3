"""All that a plugin may use: import from here and from `certify_core.testing`, and from nothing else of the core.

from certify_core.api import CertificateBundle, DeploymentFailed, hookimpl
"""

from certify_core.contracts import (
    AcmeAuthority,
    Authority,
    Challenge,
    ChallengeProvider,
    DeploymentTarget,
    DirectAuthority,
    PlannedChange,
    PluginContext,
    StoreProvider,
    Undo,
)
from certify_core.domain.bundle import CertificateBundle
from certify_core.domain.failure import Failure, FailureClass
from certify_core.domain.identifiers import Identifier, IdentifierType, parse_identifier
from certify_core.domain.keys import KeyType
from certify_core.domain.limits import Limit, LimitKind
from certify_core.errors import (
    AuthorityUnavailable,
    CertifyError,
    ChallengeFailed,
    Conflict,
    DeploymentFailed,
    InvalidInput,
    LocalFault,
    NotFound,
    PluginFailed,
    PolicyRefused,
    ProtocolViolation,
    RateLimited,
)
from certify_core.files import remove_leftovers, sync_folder, write_atomically, write_folder_atomically
from certify_core.hookspecs import hookimpl

__all__ = [
    "AcmeAuthority",
    "Authority",
    "AuthorityUnavailable",
    "CertificateBundle",
    "CertifyError",
    "Challenge",
    "ChallengeFailed",
    "ChallengeProvider",
    "Conflict",
    "DeploymentFailed",
    "DeploymentTarget",
    "DirectAuthority",
    "Failure",
    "FailureClass",
    "Identifier",
    "IdentifierType",
    "InvalidInput",
    "KeyType",
    "Limit",
    "LimitKind",
    "LocalFault",
    "NotFound",
    "PlannedChange",
    "PluginContext",
    "PluginFailed",
    "PolicyRefused",
    "ProtocolViolation",
    "RateLimited",
    "StoreProvider",
    "Undo",
    "hookimpl",
    "parse_identifier",
    "remove_leftovers",
    "sync_folder",
    "write_atomically",
    "write_folder_atomically",
]
