"""Every error that Certify raises on purpose.

    CertifyError
     ├── InvalidInput          user       a field of what was asked is wrong; names the field
     │    └── InvalidDocuments (configuration/sources.py): of files, with line and column
     ├── NotFound              user       no such thing
     ├── Conflict              user       somebody changed it first, or it exists already
     ├── AccessRefused        user       somebody is not who he says
     ├── ChallengeFailed       user       a name's control could not be shown
     ├── PolicyRefused         policy     the authority refuses such requests
     ├── AuthorityUnavailable  authority  no answer, a server error, a time-out
     ├── RateLimited           limit      too many requests; carries how long to wait
     ├── ProtocolViolation     protocol   an answer that RFC 8555 does not allow
     └── LocalFault            local      disk, port, permission
          ├── DeploymentFailed            a target did not take the certificate
          └── PluginFailed                a plugin is missing, broken or raised

Each error carries a cause and a remedy in plain words: `Port 80 is held by nginx (pid 412).` and
`Stop it, set challenge.port, or use webroot.`
"""

from __future__ import annotations

from typing import ClassVar

from certify_core.domain.failure import Failure, FailureClass


class CertifyError(Exception):
    """Something went wrong that we can name; never raised itself."""

    failure_class: ClassVar[FailureClass] = FailureClass.LOCAL

    def __init__(self, cause: str, remedy: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(f"{cause} {remedy}".strip())
        self.cause = cause
        self.remedy = remedy
        self.retry_after = retry_after
        self.identifiers: tuple[str, ...] = ()
        """The names that are at fault, where it is about some and not all."""

    def failure(self, step: str = "") -> Failure:
        """Return this error as the value that is stored and shown."""
        return Failure(
            failure_class=self.failure_class,
            cause=self.cause,
            remedy=self.remedy,
            step=step,
            identifiers=self.identifiers,
            retry_after=self.retry_after,
        )


class InvalidInput(CertifyError):
    """A field of what was asked is wrong."""

    failure_class = FailureClass.USER

    def __init__(self, field: str, cause: str, remedy: str = "") -> None:
        super().__init__(cause, remedy)
        self.field = field


class NotFound(CertifyError):
    """There is no such thing."""

    failure_class = FailureClass.USER


class Conflict(CertifyError):
    """Somebody else changed it first, or it exists already."""

    failure_class = FailureClass.USER


class AccessRefused(CertifyError):
    """Somebody is not who he says, or nobody knows him."""

    failure_class = FailureClass.USER


class ChallengeFailed(CertifyError):
    """Control of a name could not be shown."""

    failure_class = FailureClass.USER


class PolicyRefused(CertifyError):
    """The authority refuses such requests, however often they are made."""

    failure_class = FailureClass.POLICY


class AuthorityUnavailable(CertifyError):
    """The authority did not answer, or answered with a server error."""

    failure_class = FailureClass.AUTHORITY


class RateLimited(CertifyError):
    """The authority asks us to come back later."""

    failure_class = FailureClass.LIMIT


class ProtocolViolation(CertifyError):
    """The authority's answer is not what RFC 8555 allows."""

    failure_class = FailureClass.PROTOCOL


class LocalFault(CertifyError):
    """This machine is in the way: disk, port, permission."""

    failure_class = FailureClass.LOCAL


class DeploymentFailed(LocalFault):
    """A target did not take the certificate, or does not serve it."""


class PluginFailed(LocalFault):
    """A plugin is missing, broken, or raised an unexpected error."""


def failure_of(error: BaseException, step: str = "") -> Failure:
    """Return any exception as a failure; one that nobody foresaw is a local one that points to the log."""
    if isinstance(error, CertifyError):
        return error.failure(step)
    return Failure(
        failure_class=FailureClass.LOCAL,
        cause=f"Unexpected {type(error).__name__}: {error}".rstrip(": "),
        remedy="See logs/service.exceptions.log in the data folder for the whole trace.",
        step=step,
    )
