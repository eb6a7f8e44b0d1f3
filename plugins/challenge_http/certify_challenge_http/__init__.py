"""http-01 challenges (RFC 8555 section 8.3): answered by a listener of our own, or through a web server's folder."""

from __future__ import annotations

from certify_challenge_http.listening import HttpProvider
from certify_challenge_http.webroot import WebrootProvider
from certify_core.api import ChallengeProvider, PluginContext, hookimpl

PORT_SETTING = "httpchallengeserverport"
DEFAULT_PORT = 80


@hookimpl
def certify_challenge_providers(context: PluginContext) -> list[ChallengeProvider]:
    """Offer both ways."""
    port = context.settings.get(PORT_SETTING)
    return [HttpProvider(port if isinstance(port, int) else DEFAULT_PORT), WebrootProvider()]
