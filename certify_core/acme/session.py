"""Signed requests of one account: nonces are found, refused nonces replaced, passing trouble ridden out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import orjson

from certify_core.acme.answer import Answer
from certify_core.acme.directory import NEW_NONCE, Directory
from certify_core.acme.gate import Gate
from certify_core.acme.jws import CONTENT_TYPE, signed_request
from certify_core.acme.keys import AccountKey
from certify_core.acme.nonces import NoncePool
from certify_core.acme.refusals import problem_in, refusal_of
from certify_core.acme.repeat import repeated
from certify_core.errors import ProtocolViolation

if TYPE_CHECKING:
    from certify_core.acme.transport import Transport

NONCE_ATTEMPTS = 10
"""How often a request is sent again because its nonce was refused; each refusal brings a new nonce."""
_POST = {"Content-Type": CONTENT_TYPE}
_EMPTY = b""


class Session:
    """Sends what an account has to say; safe for many threads.

    No call lasts longer than the transport's time limit, its repetitions included.
    """

    def __init__(self, transport: Transport, directory: Directory, key: AccountKey, account_url: str | None) -> None:
        self.account_url = account_url
        self.key = key
        self._gate = Gate()
        self._transport = transport
        self._directory = directory
        self._nonces = NoncePool()

    def get(self, url: str, accept: str | None = None) -> Answer:
        """Read a resource by POST-as-GET (RFC 8555 section 6.3); asked again by itself, since that changes nothing.

        Raises:
            ProblemError: the authority refuses.
            AuthorityUnavailable: it does not answer.
            ProtocolViolation: it answers what ACME does not allow.
        """
        headers = _POST | {"Accept": accept} if accept else _POST
        with self._gate.passed():
            deadline = self._transport.deadline()
            return _successful(repeated(lambda: self._exchange(url, _EMPTY, deadline, headers, self.known_account())))

    def post(self, url: str, payload: bytes) -> Answer:
        """Send `payload` once; raises as `get` does. After `ConnectionBroken` the authority may have acted on it."""
        with self._gate.passed():
            return _successful(self._exchange(url, payload, self._transport.deadline(), _POST, self.known_account()))

    def post_with_key(self, url: str, payload: bytes) -> Answer:
        """Send `payload` signed in the name of the key itself, as newAccount wants it; raises as `get` does."""
        with self._gate.passed():
            return _successful(self._exchange(url, payload, self._transport.deadline(), _POST, None))

    def change_key(self, url: str, new: AccountKey, others: Sequence[Session]) -> None:
        """Have the account signed for by another key (RFC 8555 section 7.3.5); raises as `post` does.

        Nothing else is sent meanwhile, here or by the `others` of the same account: a request that is signed by one
        key and arrives when the other counts would be refused.
        """
        with ExitStack() as quiet:
            for session in (self, *others):
                quiet.enter_context(session._gate.closed())
            account = self.known_account()
            inner = orjson.dumps({"account": account, "oldKey": self.key.jwk})
            payload = signed_request(new, url, None, inner, None)
            _successful(self._exchange(url, payload, self._transport.deadline(), _POST, account))
            for session in (self, *others):
                session.key = new

    def known_account(self) -> str:
        """Return the account's address; raises ProtocolViolation if there is none yet."""
        if self.account_url is None:
            raise ProtocolViolation(
                f"There is no account at {self._directory.url} yet.", "Register one: certify account add."
            )
        return self.account_url

    def _exchange(
        self, url: str, payload: bytes, deadline: float, headers: dict[str, str], account_url: str | None
    ) -> Answer:
        for _ in range(NONCE_ATTEMPTS):
            answer = self._send(url, payload, deadline, headers, account_url)
            if answer.status != 400 or problem_in(answer).kind != "badNonce":
                return answer
        return self._send(url, payload, deadline, headers, account_url)

    def _send(
        self, url: str, payload: bytes, deadline: float, headers: dict[str, str], account_url: str | None
    ) -> Answer:
        nonce = self._nonces.take() or self._new_nonce(deadline)
        body = signed_request(self.key, url, nonce, payload, account_url)
        answer = self._transport.request("POST", url, deadline, body=body, headers=headers)
        self._nonces.put(answer.headers.get("Replay-Nonce"))
        return answer

    def _new_nonce(self, deadline: float) -> str:
        url = self._directory.address(NEW_NONCE)
        answer = _successful(repeated(lambda: self._transport.request("HEAD", url, deadline)))
        nonce = answer.headers.get("Replay-Nonce")
        if not nonce:
            raise ProtocolViolation(f"{url} answered without a Replay-Nonce.", "Ask the authority for help.")
        return nonce


def _successful(answer: Answer) -> Answer:
    if not answer.is_success:
        raise refusal_of(answer)
    return answer
