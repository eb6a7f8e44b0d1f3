"""http-01 challenges (RFC 8555 section 8.3): answered by a listener of our own, or through a web server's folder."""

from __future__ import annotations

import os

from pydantic import ValidationError

from certify_challenge_http.health import ChallengePortCheck
from certify_challenge_http.http_sys_check import HttpSysCheck
from certify_challenge_http.listeners import Listeners
from certify_challenge_http.listening import HttpParameters, HttpProvider
from certify_challenge_http.selftest import HttpSysSelfTest
from certify_challenge_http.webroot import WebrootProvider
from certify_core.api import ChallengeProvider, HealthCheck, InvalidInput, PluginContext, SelfTest, hookimpl

PORT_SETTING = "httpChallengeServerPort"
DEFAULT_PORT = 80
_listeners = Listeners()
"""Those of this process: what looks at a port has to know whether an order has it."""


@hookimpl
def certify_challenge_providers(context: PluginContext) -> list[ChallengeProvider]:
    """Offer both ways.

    Raises:
        InvalidInput: `httpChallengeServerPort` is no port.
    """
    webroot = WebrootProvider()
    return [HttpProvider(_port(context), _listeners, webroot), webroot]


@hookimpl
def certify_health_checks(context: PluginContext) -> list[HealthCheck]:
    """Offer a look at the port, and where there is Windows' HTTP service, one at that."""
    port = _port(context)
    checks: list[HealthCheck] = [ChallengePortCheck(port, _listeners.on(port))]
    return [*checks, HttpSysCheck()] if os.name == "nt" else checks


@hookimpl
def certify_selftests(context: PluginContext) -> list[SelfTest]:
    """Offer what http.sys is tried with on a real server."""
    return [HttpSysSelfTest(_port(context))]


def _port(context: PluginContext) -> int:
    try:
        configured = HttpParameters.model_validate({"port": context.settings.get(PORT_SETTING.lower())})
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise InvalidInput(PORT_SETTING, f"{PORT_SETTING}: {reason}.", "Mend the value or remove it.") from None
    return configured.port or DEFAULT_PORT
