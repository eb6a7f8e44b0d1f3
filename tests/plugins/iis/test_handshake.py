"""Which name a binding is asked for."""

from __future__ import annotations

import pytest

from certify_iis.bindings import SNI
from certify_iis.handshake import server_name
from tests.plugins.iis.sites import https

NAMES = {
    "the host": (https("*:443:app.test", SNI), ("other.test",), "app.test"),
    "www in place of a wildcard": (https("*:443:*.wild.test", SNI), ("*.wild.test",), "www.wild.test"),
    "without a host the first DNS name": (https("*:443:"), ("192.0.2.1", "app.test"), "app.test"),
    "none where there are addresses only": (https("192.0.2.1:443:"), ("192.0.2.1", "2001:db8::1"), None),
}


@pytest.mark.parametrize("case", NAMES)
def test_the_name_that_is_sent(case: str) -> None:
    binding, names, expected = NAMES[case]
    assert server_name(binding, names) == expected
