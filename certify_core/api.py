"""All that a plugin may use: import from here and from `certify_core.testing`, and from nothing else of the core.

from certify_core.api import CertificateBundle, DeploymentFailed, hookimpl
"""

from certify_core.care import (
    Backup,
    CaredStore,
    CheckReport,
    Damage,
    ExportForm,
    RecoveryReport,
    RowFate,
    Source,
    StoreCare,
)
from certify_core.contracts import (
    AcmeAuthority,
    Authority,
    Challenge,
    ChallengeProvider,
    DeploymentTarget,
    DirectAuthority,
    FolderKeeper,
    HealthCheck,
    Notifier,
    PlannedChange,
    PluginContext,
    SecretKeeper,
    StoreProvider,
    Undo,
)
from certify_core.domain.access import Role
from certify_core.domain.bundle import CertificateBundle
from certify_core.domain.failure import Failure, FailureClass
from certify_core.domain.finding import Finding, Severity
from certify_core.domain.identifiers import Identifier, IdentifierType, parse_identifier
from certify_core.domain.keys import KeyType
from certify_core.domain.limits import Limit, LimitKind
from certify_core.domain.notification import Message
from certify_core.errors import (
    AccessRefused,
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
from certify_core.files import (
    FileHeld,
    read_file,
    remove_file,
    remove_leftovers,
    replace_file,
    sync_folder,
    write_atomically,
    write_folder_atomically,
)
from certify_core.hookspecs import hookimpl
from certify_core.selftests import NothingToTest, SelfTest, SelfTestStep
from certify_core.service_managers import Hosted, ServiceManager, ServiceStatus, ServiceWish
from certify_core.sign_ins import Handshake, SignedIn, SignIn

__all__ = [
    "AccessRefused",
    "AcmeAuthority",
    "Authority",
    "AuthorityUnavailable",
    "Backup",
    "CaredStore",
    "CertificateBundle",
    "CertifyError",
    "Challenge",
    "ChallengeFailed",
    "ChallengeProvider",
    "CheckReport",
    "Conflict",
    "Damage",
    "DeploymentFailed",
    "DeploymentTarget",
    "DirectAuthority",
    "ExportForm",
    "Failure",
    "FailureClass",
    "FileHeld",
    "Finding",
    "FolderKeeper",
    "Handshake",
    "HealthCheck",
    "Hosted",
    "Identifier",
    "IdentifierType",
    "InvalidInput",
    "KeyType",
    "Limit",
    "LimitKind",
    "LocalFault",
    "Message",
    "NotFound",
    "NothingToTest",
    "Notifier",
    "PlannedChange",
    "PluginContext",
    "PluginFailed",
    "PolicyRefused",
    "ProtocolViolation",
    "RateLimited",
    "RecoveryReport",
    "Role",
    "RowFate",
    "SecretKeeper",
    "SelfTest",
    "SelfTestStep",
    "ServiceManager",
    "ServiceStatus",
    "ServiceWish",
    "Severity",
    "SignIn",
    "SignedIn",
    "Source",
    "StoreCare",
    "StoreProvider",
    "Undo",
    "hookimpl",
    "parse_identifier",
    "read_file",
    "remove_file",
    "remove_leftovers",
    "replace_file",
    "sync_folder",
    "write_atomically",
    "write_folder_atomically",
]
