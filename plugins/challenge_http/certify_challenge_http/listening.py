"""The provider `http`: answers challenges with a listener of our own."""

from __future__ import annotations

import threading

from pydantic import BaseModel, ConfigDict, Field

from certify_challenge_http.answerable import ensure_answerable
from certify_challenge_http.fetching import fetch
from certify_challenge_http.listener import Listener
from certify_core.api import Challenge, ChallengeFailed


class HttpParameters(BaseModel):
    """What the provider `http` needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    port: int | None = Field(default=None, ge=1, le=65535)
    """Where to listen; the service's `httpChallengeServerPort` (80) if not given. The authority always asks port 80."""


class HttpProvider:
    """Answers http-01 challenges; one listener for each port, shared by all orders."""

    name = "http"
    title = "http-01, answered by a listener of our own"
    challenge_type = "http-01"
    parameters = HttpParameters

    def __init__(self, default_port: int) -> None:
        self._default_port = default_port
        self._listeners: dict[int, Listener] = {}
        self._lock = threading.Lock()

    def present(self, challenge: Challenge, parameters: HttpParameters) -> None:
        """Answer for the challenge's token from now on."""
        ensure_answerable(challenge)
        self._listener(parameters).publish(challenge.token, challenge.key_authorization)

    def check(self, challenge: Challenge, parameters: HttpParameters) -> None:
        """Fetch the answer through the loopback."""
        ensure_answerable(challenge)
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

    def clean_up(self, challenge: Challenge, parameters: HttpParameters) -> None:
        """Answer for the token no longer."""
        self._listener(parameters).withdraw(challenge.token)

    def _listener(self, parameters: HttpParameters) -> Listener:
        port = self._port(parameters)
        with self._lock:
            return self._listeners.setdefault(port, Listener(port))

    def _port(self, parameters: HttpParameters) -> int:
        return parameters.port or self._default_port
