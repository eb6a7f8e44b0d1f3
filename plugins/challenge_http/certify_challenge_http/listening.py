"""The provider `http`: answers challenges with a listener of our own, or through a web server that has its port."""

from __future__ import annotations

import logging

from pydantic import BaseModel, ConfigDict, Field

from certify_challenge_http.answerable import ensure_answerable
from certify_challenge_http.fetching import fetch
from certify_challenge_http.listener import Listener
from certify_challenge_http.listeners import Listeners
from certify_challenge_http.webroot import AbsolutePath, WebrootParameters, WebrootProvider
from certify_core.api import Challenge, ChallengeFailed, LocalFault

_log = logging.getLogger(__name__)


class HttpParameters(BaseModel):
    """What the provider `http` needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    port: int | None = Field(default=None, ge=1, le=65535)
    """Where to listen; the service's `httpChallengeServerPort` (80) if not given. The authority always asks port 80."""
    webroot: AbsolutePath | None = None
    """The document root of the web server that has the port: answers are put there while the port cannot be had."""


class HttpProvider:
    """Answers http-01 challenges; one listener for each port, shared by all orders."""

    name = "http"
    title = "http-01, answered by a listener of our own"
    challenge_type = "http-01"
    parameters = HttpParameters

    def __init__(self, default_port: int, listeners: Listeners | None = None, webroot: WebrootProvider | None = None):
        self._default_port = default_port
        self._listeners = listeners or Listeners()
        self._webroot = webroot or WebrootProvider()

    def present(self, challenge: Challenge, parameters: HttpParameters) -> None:
        """Answer for the challenge's token from now on."""
        ensure_answerable(challenge)
        try:
            self._listener(parameters).publish(challenge.token, challenge.key_authorization)
        except LocalFault as fault:
            if (instead := self._instead(parameters)) is None:
                raise
            _log.info("The challenge for %s is answered by a file: %s", challenge.identifier, fault.cause)
            self._webroot.present(challenge, instead)

    def check(self, challenge: Challenge, parameters: HttpParameters) -> None:
        """Fetch the answer from this machine, through the loopback if that leads there."""
        ensure_answerable(challenge)
        if not self._listener(parameters).publishes(challenge.token) and (instead := self._instead(parameters)):
            return self._webroot.check(challenge, instead)
        port = self._port(parameters)
        try:
            status, body = fetch(port, challenge.identifier.value, challenge.token)
        except OSError as error:
            raise ChallengeFailed(
                f"Our own answer on port {port} cannot be fetched through the loopback: {error}.",
                "Look for a firewall or an antivirus that blocks local connections to this port.",
            ) from error
        if (status, body) != (200, challenge.key_authorization.encode()):
            raise ChallengeFailed(
                f"Something else than Certify answers on port {port} for {challenge.identifier}.",
                "Stop it, set another port, or use the webroot provider.",
            )
        return None

    def clean_up(self, challenge: Challenge, parameters: HttpParameters) -> None:
        """Answer for the token no longer, neither by the listener nor by a file."""
        self._listener(parameters).withdraw(challenge.token)
        if instead := self._instead(parameters):
            self._webroot.clean_up(challenge, instead)

    def _instead(self, parameters: HttpParameters) -> WebrootParameters | None:
        if parameters.webroot is None:
            return None
        return WebrootParameters(path=parameters.webroot, port=self._port(parameters))

    def _listener(self, parameters: HttpParameters) -> Listener:
        return self._listeners.on(self._port(parameters))

    def _port(self, parameters: HttpParameters) -> int:
        return parameters.port or self._default_port
