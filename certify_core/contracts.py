"""What plugins hand over: small protocols, each with the promises that every implementation keeps.

All calls come from worker threads, several at once for different certificates; an object must cope with that. A
call that cannot do its work raises a `CertifyError` with cause and remedy; anything else it raises is reported
as a fault of the plugin. Nothing here may outlive the call except what the description names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pydantic import BaseModel, JsonValue

from certify_core.domain.bundle import CertificateBundle
from certify_core.domain.finding import Finding
from certify_core.domain.identifiers import Identifier
from certify_core.domain.limits import Limit
from certify_core.domain.notification import Message

if TYPE_CHECKING:
    from sqlalchemy import Engine

Undo = Callable[[], None]
"""Puts back what a deployment replaced."""


@dataclass(frozen=True, slots=True)
class PluginContext:
    """Where a plugin finds itself: given to every hook once, when the service starts."""

    data_dir: Path
    """The service's data folder; a plugin keeps files of its own in a subfolder named like itself."""
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    """The contents of serviceconfig.json, keys in lower case."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One thing to present so that the authority believes us (RFC 8555 section 8)."""

    identifier: Identifier
    type: str
    """``http-01``, ``dns-01`` or ``tls-alpn-01``."""
    token: str
    """The authority's random value; case-sensitive base64url."""
    key_authorization: str = field(repr=False)
    """Token and account key thumbprint (RFC 8555 section 8.1)."""


@runtime_checkable
class ChallengeProvider(Protocol):
    """Shows control of names by one challenge type.

    Guarantees: `present` and `clean_up` are idempotent, and cleaning up what was never presented is no error (after
    a crash both are called again); clean-up never removes another order's answer.
    """

    name: str
    """How settings choose it."""
    title: str
    """One line for people."""
    challenge_type: str
    """The challenge type it answers, such as ``http-01``."""

    @property
    def parameters(self) -> type[BaseModel]:
        """What it asks for; API schema, CLI options and validation come from this model."""

    def present(self, challenge: Challenge, parameters: Any) -> None:
        """Make the answer visible to the authority. `parameters` is an instance of the model."""

    def check(self, challenge: Challenge, parameters: Any) -> None:
        """Look at the answer as the authority will; raise `ChallengeFailed` if it is not there."""

    def clean_up(self, challenge: Challenge, parameters: Any) -> None:
        """Take the answer away again."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One thing that a deployment would do, for people to read before it is done."""

    action: str
    """A verb: ``write``, ``bind``, ``run``."""
    subject: str
    """What it is done to: a path, a binding, a command."""
    detail: str = ""


@runtime_checkable
class DeploymentTarget(Protocol):
    """Puts certificates where they are used.

    Guarantees: `plan` changes nothing; `apply` does all or nothing and may be repeated with the same certificate (it
    is after a crash); what `apply` returns puts the previous state back; `verify` changes nothing.
    """

    name: str
    """How settings choose it."""
    title: str
    """One line for people."""

    @property
    def parameters(self) -> type[BaseModel]:
        """What it asks for; API schema, CLI options and validation come from this model."""

    def plan(self, bundle: CertificateBundle, parameters: Any) -> Sequence[PlannedChange]:
        """Say what `apply` would do. `parameters` is an instance of the model.

        Raises:
            InvalidInput: a parameter asks for the private key, and the bundle has none; names that parameter.
        """

    def apply(self, bundle: CertificateBundle, parameters: Any) -> Undo | None:
        """Put the certificate in place; return how to put the previous one back, if that is possible."""

    def verify(self, bundle: CertificateBundle, parameters: Any) -> None:
        """Check that the certificate is what is served; raise `DeploymentFailed` if not."""


@dataclass(frozen=True, slots=True)
class AcmeAuthority:
    """A certificate authority that speaks ACME (RFC 8555)."""

    id: str
    title: str
    directory: str
    """Address of the ACME directory."""
    ca_bundle: str | None = None
    """A PEM file with the roots by which the directory's own TLS certificate is checked; the system's if None."""
    staging: bool = False
    """Its certificates are for tests and trusted by nobody."""
    needs_eab: bool = False
    """Accounts need an external account binding (RFC 8555 section 7.3.4)."""
    rehearsal: str | None = None
    """The id of the authority for tests that validates names as this one does."""
    limits: tuple[Limit, ...] = ()
    """Its rate limits as far as they are known, one of each kind: orders keep within them."""


@runtime_checkable
class DirectAuthority(Protocol):
    """A certificate authority in the same process that signs at once.

    Guarantees: `issue` is durable when it returns; called again with the same request after a crash it may sign again.
    """

    id: str
    title: str

    def issue(self, csr_der: bytes, identifiers: Sequence[Identifier]) -> str:
        """Sign the request for these identifiers; return the certificate and its chain as PEM, leaf first."""

    def root_pem(self) -> str:
        """Return the root certificate that clients have to trust."""


Authority = AcmeAuthority | DirectAuthority


@runtime_checkable
class StoreProvider(Protocol):
    """Supplies the database; tables and queries are the core's and the same for every database."""

    name: str
    """How serviceconfig.json chooses it."""
    title: str

    def open(self, context: PluginContext) -> Engine:
        """Return an engine whose transactions are durable when a commit returns, with foreign keys enforced.

        Connections that will write carry the execution option ``certify_writes``. Statements name their columns: a
        provider may add some of its own, and tables and triggers, whose names begin with ``certify_``.
        """


@runtime_checkable
class SecretKeeper(Protocol):
    """Protects the master key, under which all other secrets are sealed, by means of the system.

    Guarantees: what `protect` returned can be unprotected by every later process on this machine that may read it,
    whoever runs it, also after a change of the service's account; and nowhere else.
    """

    name: str
    """Written into the file that it protects; short, in lower case, with hyphens."""
    title: str
    """One line for people."""

    def protect(self, secret: bytes) -> bytes:
        """Return `secret` protected.

        Raises:
            CertifyError: the system refuses.
        """

    def unprotect(self, protected: bytes) -> bytes:
        """Return the secret.

        Raises:
            CertifyError: it is damaged, or was protected on another machine.
        """


@runtime_checkable
class FolderKeeper(Protocol):
    """Closes a folder to other accounts of the machine, on systems where the mode that it is made with does not."""

    name: str
    """Short, in lower case, with hyphens."""
    title: str
    """One line for people."""

    def close(self, folder: Path) -> None:
        """Let in only the service's account and administrators: the service has just made its data folder.

        Raises:
            CertifyError: the system refuses; the service goes on all the same.
        """


@runtime_checkable
class HealthCheck(Protocol):
    """Looks after one thing that Certify needs.

    Guarantees: `run` changes nothing; it is called when the service starts, daily and on demand, in a thread of its
    own that nobody waits for longer than 20 seconds, and also by `certify doctor` while no service runs. `fix` may be
    repeated, and does no more than the finding's remedy says.
    """

    name: str
    """Short, in lower case, with hyphens."""
    title: str
    """One line for people."""

    def run(self) -> Sequence[Finding]:
        """Look, and return what there is to say; what is as it should be is said too, as `Severity.OK`."""

    def fix(self, finding: Finding) -> str:
        """Do what the remedy of a fixable finding says, and return a sentence that tells what was done.

        Raises:
            CertifyError: it cannot be done.
        """


@runtime_checkable
class Notifier(Protocol):
    """Tells people.

    Guarantees: when `send` returns, somebody who carries the message on has taken it; it ends within a minute or so.
    The same message may be sent again (after a crash nobody knows whether it was). No error has a secret in its text.
    """

    name: str
    """How settings choose it."""
    title: str
    """One line for people."""

    @property
    def parameters(self) -> type[BaseModel]:
        """What it asks for; API schema, CLI options and validation come from this model."""

    def send(self, message: Message, parameters: Any) -> None:
        """Send the message. `parameters` is an instance of the model.

        Raises:
            CertifyError: it was not taken.
        """
