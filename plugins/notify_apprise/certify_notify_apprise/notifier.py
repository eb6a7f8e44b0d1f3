"""Sends a message through Apprise, and says why it was not taken, without the secrets of the address.

Apprise tells why it failed in its log alone, and writes addresses there; so that log goes nowhere but here.
"""

from __future__ import annotations

import logging
import re
import threading
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from certify_core.api import LocalFault, Message, Severity

if TYPE_CHECKING:
    from apprise import NotifyBase, NotifyType

MASK = "********"
SHORTEST_SECRET = 4
"""Characters; what is shorter is no secret, and would be found in every text."""
_SEPARATORS = re.compile(r"[/?&=:@,;+#]")


class AppriseParameters(BaseModel):
    """What a channel asks for."""

    model_config = ConfigDict(extra="forbid")

    url: SecretStr = Field(description="Apprise's address of the service, such as mailtos://user:password@example.com.")

    @field_validator("url")
    @classmethod
    def _known(cls, value: SecretStr) -> SecretStr:
        if _service(value.get_secret_value()) is None:
            raise ValueError("Apprise does not know such an address; see https://appriseit.com/services/")
        return value


class AppriseNotifier:
    """Whatever Apprise can reach."""

    name = "apprise"
    title = "Mail, webhook, chat and pagers (Apprise)"
    parameters = AppriseParameters

    def send(self, message: Message, parameters: AppriseParameters) -> None:
        """Send the message.

        Raises:
            LocalFault: it was not taken; says what Apprise says.
        """
        url = parameters.url.get_secret_value()
        service = _service(url)
        if service is None:
            raise LocalFault("This Apprise does not know the channel's address.", "Give the channel another address.")
        with _Told() as told:
            taken = service.notify(body=message.text, title=message.subject, notify_type=_kind(message.severity))
        if not taken:
            why = masked("; ".join(told.lines), url) or "It does not say why."
            raise LocalFault(
                f"{service.service_name} did not take the message: {why}",
                "Compare the channel's address with https://appriseit.com/services/, and see that it can be reached.",
            )


def masked(text: str, url: str) -> str:
    """Return a text without what only somebody should know who knows the address: all of it but its host."""
    parts = urlsplit(url)
    known = {parts.hostname or "", parts.scheme}
    words = {word for word in _SEPARATORS.split(url) if len(word) >= SHORTEST_SECRET and word.lower() not in known}
    for word in sorted(words | {unquote(word) for word in words}, key=len, reverse=True):
        text = text.replace(word, MASK)
    return text


def _service(url: str) -> NotifyBase | None:
    """Return Apprise's own object for an address, None if it knows no such service."""
    apprise = _apprise()
    found: NotifyBase | None = apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(app_id="Certify"))
    return found


@cache
def _apprise() -> Any:
    """Import Apprise (100 ms), and keep its log, which holds addresses, from every other one."""
    import apprise

    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.DEBUG)  # nobody hears it but those below
    return apprise


def _kind(severity: Severity) -> NotifyType:
    kinds = _apprise().NotifyType
    named: dict[Severity, NotifyType] = {
        Severity.OK: kinds.SUCCESS,
        Severity.NOTE: kinds.INFO,
        Severity.WARNING: kinds.WARNING,
        Severity.ERROR: kinds.FAILURE,
    }
    return named[severity]


class _Told(logging.Handler):
    """Keeps what Apprise logs of a failure in this thread; the reason itself it logs as debugging."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record of this thread."""
        text = record.getMessage()
        if record.thread == self._thread and (record.levelno >= logging.WARNING or "Exception:" in text):
            self.lines.append(text.rstrip("."))

    def __enter__(self) -> _Told:
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)
