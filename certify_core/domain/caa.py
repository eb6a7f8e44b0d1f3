"""Which authorities a domain's CAA records allow (RFC 8659), and which accounts there (RFC 8657)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

_CRITICAL = 128
"""The bit of the flags that means: who does not know this property must not issue (RFC 8659 section 4.1)."""
_KNOWN = frozenset({"issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"})


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """One record."""

    flags: int
    tag: str
    value: str


def permits(
    records: Sequence[CaaRecord], identities: Collection[str], *, wildcard: bool, account: str | None = None
) -> bool:
    """Whether the records of a domain let an authority issue for it.

    Args:
        records: the set that holds for the domain; an empty one allows everybody.
        identities: by which names the authority recognises itself.
        wildcard: whether the certificate is for ``*.domain``.
        account: the address of the account there, if there is one.
    """
    if any(record.flags & _CRITICAL and record.tag.lower() not in _KNOWN for record in records):
        return False
    rules = [record.value for record in records if wildcard and record.tag.lower() == "issuewild"]
    rules = rules or [record.value for record in records if record.tag.lower() == "issue"]
    return not rules or any(_allows(rule, identities, account) for rule in rules)


def _allows(rule: str, identities: Collection[str], account: str | None) -> bool:
    name, *parameters = (part.strip() for part in rule.split(";"))
    if name.lower().rstrip(".") not in {identity.lower() for identity in identities}:
        return False
    pairs = (parameter.partition("=") for parameter in parameters)
    accounts = [value.strip() for tag, _, value in pairs if tag.strip().lower() == "accounturi"]
    return not accounts or account is None or account in accounts
