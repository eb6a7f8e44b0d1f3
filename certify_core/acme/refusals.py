"""What an authority's refusal means: from the type of its problem document to an error of ours with a remedy.

ProblemError               carries `problem`, the document kept whole
 ├── NameRefused           ChallengeFailed
 ├── RequestRefused        PolicyRefused
 ├── TooManyRequests       RateLimited
 ├── ServerFailed          AuthorityUnavailable
 └── ExchangeBroken        ProtocolViolation
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from certify_core.acme.answer import Answer
from certify_core.acme.problems import ACME_TYPES, Problem
from certify_core.errors import (
    AuthorityUnavailable,
    CertifyError,
    ChallengeFailed,
    PolicyRefused,
    ProtocolViolation,
    RateLimited,
)


class ProblemError(CertifyError):
    """An authority refused, and said why in a problem document."""

    def __init__(self, cause: str, remedy: str, *, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(cause, remedy, retry_after=retry_after)
        self.problem = problem


class NameRefused(ProblemError, ChallengeFailed):
    """Control of a name could not be shown, or its owner forbids it."""


class RequestRefused(ProblemError, PolicyRefused):
    """The authority refuses such requests, however often they are made."""


class TooManyRequests(ProblemError, RateLimited):
    """The authority asks us to come back later."""


class ServerFailed(ProblemError, AuthorityUnavailable):
    """The authority has trouble of its own."""


class ExchangeBroken(ProblemError, ProtocolViolation):
    """The authority does not understand us, or lost track of what we were doing."""


class Rule(NamedTuple):
    """What one type of problem means."""

    error: type[ProblemError]
    remedy: str


_ANEW = "It is tried again by itself, with a new order where this one is lost."
_WAIT = "Nothing needs to be done: it is tried again when the authority allows."
_LATER = "It is tried again by itself; if this lasts, look at the authority's status page."
_REACHABLE = "Check that the name leads to this machine from the internet, on the challenge's port."
_DNS = "Check the name's records with an outside resolver, DNSSEC included."

RULES: dict[str, Rule] = {
    # about names and their surroundings
    "caa": Rule(NameRefused, "Allow this authority in the domain's CAA records, or choose another authority."),
    "connection": Rule(NameRefused, _REACHABLE),
    "dns": Rule(NameRefused, _DNS),
    "dnssec": Rule(NameRefused, _DNS),
    "unknownHost": Rule(NameRefused, _DNS),
    "incorrectResponse": Rule(NameRefused, "Check that nothing else answers for the name: " + _REACHABLE),
    "tls": Rule(NameRefused, "Check the TLS listener of the name that is validated."),
    "unauthorized": Rule(NameRefused, "Check what the name answers to the challenge, and that the account is active."),
    # about requests
    "rejectedIdentifier": Rule(RequestRefused, "Take this name out of the certificate, or choose another authority."),
    "unsupportedIdentifier": Rule(RequestRefused, "Choose an authority that issues for this kind of name."),
    "badCSR": Rule(RequestRefused, "Choose another key type or other names; the authority's rules say which it takes."),
    "invalidProfile": Rule(RequestRefused, "Choose one of the profiles that the authority offers."),
    "externalAccountRequired": Rule(
        RequestRefused, "Get a key id and an HMAC key from the authority and register the account with them."
    ),
    "userActionRequired": Rule(RequestRefused, "Do what the authority asks on its web site, then request again."),
    "invalidContact": Rule(RequestRefused, "Give a mail address that exists."),
    "unsupportedContact": Rule(RequestRefused, "Give a mail address as contact, and no other kind of address."),
    "badPublicKey": Rule(RequestRefused, "Choose another key type."),
    "badSignatureAlgorithm": Rule(RequestRefused, "Choose another authority: this one takes no such key."),
    "badRevocationReason": Rule(RequestRefused, "Choose another reason."),
    "alreadyRevoked": Rule(RequestRefused, "Nothing needs to be done: the certificate is revoked."),
    # about time
    "rateLimited": Rule(TooManyRequests, _WAIT),
    "serverInternal": Rule(ServerFailed, _LATER),
    # about the exchange
    "accountDoesNotExist": Rule(ExchangeBroken, "Register the account again: the authority does not know it."),
    "alreadyReplaced": Rule(ExchangeBroken, _ANEW),
    "badNonce": Rule(ExchangeBroken, _ANEW),
    "conflict": Rule(ExchangeBroken, _ANEW),
    "malformed": Rule(ExchangeBroken, _ANEW),
    "orderNotReady": Rule(ExchangeBroken, _ANEW),
}
"""By the short name of the type: RFC 8555 section 6.7, RFC 9773, the profiles draft, and what Let's Encrypt adds."""

_UNPAUSE = re.compile(r"https://[^\s<>\"]*unpause[^\s<>\"]*")
"""Where Let's Encrypt takes names up again that failed too often in a row."""
_ADDRESS = "Check the authority's address; it is asked for anew by itself."


def problem_in(answer: Answer) -> Problem:
    """Return the problem that an answer tells of; made up from its status if it holds none."""
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("type", document.get("detail")), str):
        kind = f" with {answer.content_type}" if answer.content_type else ""
        document = {"detail": f"HTTP status {answer.status}{kind} and no problem document"}
    return Problem({"status": answer.status} | document)


def refusal_of(answer: Answer, *, remedy: str | None = None) -> ProblemError:
    """Return the error that says what an unsuccessful answer means; `remedy` is better than the usual one if given."""
    problem = problem_in(answer)
    rule = _decisive(problem)
    if remedy is not None:
        rule = rule._replace(remedy=remedy)
    return _error(problem, rule, f"{answer.url} refused", answer.retry_after)


def challenge_refusal(name: str, problem: Problem) -> ProblemError:
    """Return the error for a name whose challenge failed with this problem."""
    rule = _decisive(problem)
    if issubclass(rule.error, ExchangeBroken):
        rule = RULES["incorrectResponse"]  # whatever it is called, the authority has looked and is not convinced
    return _error(problem, rule, f"{name} could not be validated", None)


def _error(problem: Problem, rule: Rule, what: str, retry_after: float | None) -> ProblemError:
    kind = f" ({problem.kind})" if problem.type.startswith(ACME_TYPES) else ""
    more = f" See {problem.instance}" if problem.instance and urlsplit(problem.instance).scheme == "https" else ""
    unpause = _UNPAUSE.search(problem.detail)
    remedy = f"Visit {unpause.group()} and then request again." if unpause else rule.remedy + more
    error = rule.error(f"{what}: {problem}{kind}.", remedy, problem=problem, retry_after=retry_after)
    error.identifiers = tuple(part.identifier for part in problem.subproblems if part.identifier)
    return error


def _decisive(problem: Problem) -> Rule:
    rule = RULES.get(problem.kind)
    if rule is not None:
        return rule
    for part in problem.subproblems:  # "compound" says nothing but that its parts do
        if part.kind in RULES:
            return RULES[part.kind]
    return _by_status(problem.status or 0)


def _by_status(status: int) -> Rule:
    if status == 429:
        return RULES["rateLimited"]
    if status >= 500:
        return RULES["serverInternal"]
    if status in {401, 403}:
        return Rule(RequestRefused, "Check that the account is active and that no proxy answers in between.")
    return Rule(ExchangeBroken, _ADDRESS)
