"""Whether a certificate's names cover what a binding answers for (RFC 6125 section 6.4)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import IntEnum

import idna

from certify_iis.bindings import Binding


class Fit(IntEnum):
    """How closely a name fits; the greater one is the better."""

    NONE = 0
    WILDCARD = 1
    EXACT = 2


def canonical(name: str) -> str:
    """Return a name in the form in which names are compared: lower case, A-labels, without the dot of the root.

    Addresses take their shortest form; what is no name at all is returned in lower case.
    """
    text = name.strip().rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    if text.isascii():
        return text
    star, plain = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        return star + idna.encode(plain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return text


def fit(names: Iterable[str], host: str) -> Fit:
    """Return how closely the best of a certificate's names fits a host.

    A wildcard stands for exactly one label. A host that is a wildcard itself (IIS 10) is fitted by the same text alone.
    """
    wanted = canonical(host)
    _, _, parent = wanted.partition(".")
    known = {canonical(name) for name in names}
    if not wanted:
        return Fit.NONE
    if wanted in known:
        return Fit.EXACT
    if parent and not wanted.startswith("*.") and f"*.{parent}" in known:
        return Fit.WILDCARD
    return Fit.NONE


def fit_binding(names: Iterable[str], binding: Binding) -> Fit:
    """Return how closely the names fit a binding: its host, or without one its address."""
    if binding.host:
        return fit(names, binding.host)
    return Fit.EXACT if canonical(binding.ip) in {canonical(name) for name in names} else Fit.NONE
