"""The peer: the `acme` library as its documentation shows it, in a thread pool, saving nothing."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from acme import challenges, client, crypto_util, errors, messages
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from tests.support.http01 import Http01Responder

ATTEMPTS = 5
"""The library loses a request when two nonces in a row are refused; it is tried anew."""


def issue_with_library(directory_url: str, ca_bundle: str, http_port: int, count: int, threads: int) -> None:
    """Issue `count` certificates in `threads` threads with one account."""
    key = JWKEC(key=ec.generate_private_key(ec.SECP256R1()))
    # The library hands this on to requests, which takes a path too.
    network = client.ClientNetwork(key, alg=ES256, user_agent="benchmark", verify_ssl=ca_bundle)  # type: ignore[arg-type]
    directory = client.ClientV2.get_directory(directory_url, network)
    acme = client.ClientV2(directory, network)
    acme.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))
    with Http01Responder(http_port) as responder, ThreadPoolExecutor(threads) as pool:
        names = (f"peer{number}.example.test" for number in range(count))
        list(pool.map(lambda name: _issue(acme, key, responder, name), names))


def _issue(acme: client.ClientV2, key: JWKEC, responder: Http01Responder, name: str) -> None:
    for _ in range(ATTEMPTS):
        with suppress(errors.BadNonce, messages.Error):
            _issue_once(acme, key, responder, name)
            return
    raise RuntimeError(f"no certificate for {name}")


def _issue_once(acme: client.ClientV2, key: JWKEC, responder: Http01Responder, name: str) -> None:
    private_key = ec.generate_private_key(ec.SECP256R1())
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    order = acme.new_order(crypto_util.make_csr(pem, [name]))
    for authorization in order.authorizations:
        for offer in authorization.body.challenges:
            if isinstance(offer.chall, challenges.HTTP01):
                response, validation = offer.response_and_validation(key)
                responder.answers[offer.chall.encode("token")] = validation
                acme.answer_challenge(offer, response)
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=60)  # noqa: DTZ005 - what the library compares with
    acme.poll_and_finalize(order, deadline)
