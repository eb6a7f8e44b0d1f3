"""Challenges of an order: which to answer, making the answers visible, taking them away again."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from certify_core.acme import AcmeClient, Authorization, challenge_refusal
from certify_core.contracts import Challenge, ChallengeProvider
from certify_core.domain.identifiers import Identifier, parse_identifier
from certify_core.domain.order import Order, OrderedChallenge
from certify_core.domain.settings import ChallengeSettings
from certify_core.engine.wanted import Wanted
from certify_core.errors import CertifyError, ChallengeFailed, PolicyRefused

_log = logging.getLogger(__name__)


class Challenges:
    """Works the challenge providers for orders."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def choose(
        self, order: Order, authorizations: Sequence[Authorization], client: AcmeClient
    ) -> tuple[OrderedChallenge, ...]:
        """Return what has to be answered: nothing for names that the authority still believes.

        Raises:
            ChallengeFailed: an authorization has failed already.
            PolicyRefused: the authority does not offer the provider's challenge type for a name.
        """
        pending = [authorization for authorization in authorizations if authorization.status != "valid"]
        if not pending:
            return ()
        provider, _ = self._wanted.provider(order.challenge)
        return tuple(_choice(authorization, provider.challenge_type, client) for authorization in pending)

    def probe(self, settings: ChallengeSettings, identifier: Identifier, seed: str) -> bool:
        """Present, check and take away an answer of our own making; return False where that asks somebody outside.

        The answer's token follows from `seed`, so that whoever comes again with it takes away what a crash has left.

        Raises:
            LocalFault: it cannot be presented.
            ChallengeFailed: it cannot be seen.
        """
        provider, parameters = self._wanted.provider(settings)
        if provider.challenge_type != "http-01":
            return False
        token = f"certify-probe-{seed}"
        challenge = Challenge(identifier, provider.challenge_type, token, f"{token}.probe")
        provider.clean_up(challenge, parameters)
        try:
            provider.present(challenge, parameters)
            invisible = _invisible(provider, challenge, parameters)
            if invisible is not None:
                raise invisible
        finally:
            provider.clean_up(challenge, parameters)
        return True

    def present(self, order: Order) -> None:
        """Make every answer visible, then look at each as the authority will.

        Raises:
            ChallengeFailed: an answer is not visible; the authority has not been asked and nothing is spent.
        """
        provider, parameters = self._wanted.provider(order.challenge)
        for challenge in _presented(order):
            provider.present(challenge, parameters)
        invisible = [error for item in _presented(order) if (error := _invisible(provider, item, parameters))]
        if invisible:
            first = invisible[0]
            first.identifiers = tuple(name for error in invisible for name in error.identifiers)
            raise first

    def clean_up(self, order: Order) -> None:
        """Take every answer away; what cannot be taken away is logged and stops nobody."""
        if not order.challenges:
            return
        try:
            provider, parameters = self._wanted.provider(order.challenge)
        except Exception:
            _log.exception("The challenges of order %s cannot be cleaned up", order.id)
            return
        for challenge in _presented(order):
            try:
                provider.clean_up(challenge, parameters)
            except Exception:
                _log.exception("The challenge for %s of order %s cannot be cleaned up", challenge.identifier, order.id)


def is_outdated(order: Order, client: AcmeClient) -> bool:
    """Whether the account has changed its key since the answers were made: the authority would not take them."""
    return any(client.key_authorization(item.token) != item.key_authorization for item in order.challenges)


def refusal(authorizations: Sequence[Authorization]) -> CertifyError:
    """Return why an order became invalid, told from its authorizations."""
    refused = [
        (authorization.identifier.value, offer.error)
        for authorization in authorizations
        for offer in authorization.offers
        if offer.error is not None
    ]
    if not refused:
        return ChallengeFailed(
            "The authority could not validate the names, and does not say why.",
            "Check that each name leads to this machine from the internet, on the challenge's port.",
        )
    (name, problem), *others = refused
    error = challenge_refusal(name, problem)
    error.identifiers = tuple(name for name, _ in refused)
    if others:
        error.cause += f" The same order was refused for {', '.join(other for other, _ in others)}."
    return error


def _invisible(provider: ChallengeProvider, challenge: Challenge, parameters: object) -> ChallengeFailed | None:
    try:
        provider.check(challenge, parameters)
    except ChallengeFailed as error:
        error.identifiers = (challenge.identifier.base,)
        return error
    return None


def _choice(authorization: Authorization, challenge_type: str, client: AcmeClient) -> OrderedChallenge:
    if authorization.status not in {"pending", "valid"}:
        raise refusal([authorization])
    for offer in authorization.offers:
        if offer.type == challenge_type:
            return OrderedChallenge(
                identifier=authorization.identifier.value,
                type=offer.type,
                token=offer.token,
                key_authorization=client.key_authorization(offer.token),
                offer_url=offer.url,
            )
    offered = ", ".join(offer.type for offer in authorization.offers) or "none"
    raise PolicyRefused(
        f"The authority does not offer {challenge_type} for {authorization.identifier}.",
        f"It offers {offered}: choose a challenge provider for one of these.",
    )


def _presented(order: Order) -> list[Challenge]:
    return [
        Challenge(parse_identifier(item.identifier), item.type, item.token, item.key_authorization)
        for item in order.challenges
    ]
