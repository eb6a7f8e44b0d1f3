"""Free ports of the loopback, for programs that must be told theirs before they start."""

from __future__ import annotations

import random
import socket

LOWEST, HIGHEST = 10_000, 32_000
"""Below the ports that systems give to outgoing connections, so that none is taken between choosing and use."""
_random = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens on, neither TCP nor UDP, and that this process was not given before.

    Another process may still be quicker: a program that then does not start is started again on other ports.
    """
    while True:
        port = _random.randrange(LOWEST, HIGHEST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
