"""http-01 challenges (RFC 8555 section 8.3): answered by a listener of our own, or through a web server's folder."""

from __future__ import annotations

from pydantic import ValidationError

from certify_challenge_http.health import ChallengePortCheck
from certify_challenge_http.listening import HttpParameters, HttpProvider
from certify_challenge_http.webroot import WebrootProvider
from certify_core.api import ChallengeProvider, HealthCheck, InvalidInput, PluginContext, hookimpl

PORT_SETTING = "httpChallengeServerPort"
DEFAULT_PORT = 80


@hookimpl
def certify_challenge_providers(context: PluginContext) -> list[ChallengeProvider]:
    """Offer both ways.

    Raises:
        InvalidInput: `httpChallengeServerPort` is no port.
    """
    return [HttpProvider(_port(context)), WebrootProvider()]


@hookimpl
def certify_health_checks(context: PluginContext) -> list[HealthCheck]:
    """Offer a look at the port."""
    return [ChallengePortCheck(_port(context))]


def _port(context: PluginContext) -> int:
    try:
        configured = HttpParameters.model_validate({"port": context.settings.get(PORT_SETTING.lower())})
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise InvalidInput(PORT_SETTING, f"{PORT_SETTING}: {reason}.", "Mend the value or remove it.") from None
    return configured.port or DEFAULT_PORT
