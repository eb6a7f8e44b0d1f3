"""A real SMTP server on the loopback that keeps what it takes, or refuses it."""

from __future__ import annotations

import email
import email.policy
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.ports import free_port

USER, PASSWORD = "certify", "correct-horse-battery"


@dataclass(frozen=True)
class Mail:
    """A message that was taken."""

    to: tuple[str, ...]
    subject: str
    text: str


class MailServer:
    """Takes mail of who knows the password, while its `with` block runs."""

    def __init__(self) -> None:
        self.refusing = False
        """Whether it takes nothing."""
        self._mails: list[Mail] = []
        self._lock = threading.Lock()
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            authenticator=_authenticate,
            auth_required=True,
            auth_require_tls=False,
        )

    @property
    def url(self) -> str:
        """Apprise's address of it."""
        address = f"127.0.0.1:{self._controller.port}"
        return f"mailto://{USER}:{PASSWORD}@{address}?from=certify@certify.test&to=ops@certify.test"

    @property
    def mails(self) -> list[Mail]:
        """What was taken."""
        with self._lock:
            return list(self._mails)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message, or refuse it."""
        if self.refusing:
            return "451 4.3.0 not now"
        content = envelope.content or b""
        message = email.message_from_bytes(
            content if isinstance(content, bytes) else content.encode(), policy=email.policy.default
        )
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain", "html"))
        assert body is not None
        with self._lock:
            self._mails.append(Mail(tuple(envelope.rcpt_tos), str(message["Subject"]), str(body.get_content())))
        return "250 OK"


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    known = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == known)
