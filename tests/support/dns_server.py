"""A real name server on a port of the loopback, with the records that a test gives it."""

from __future__ import annotations

import socket
import threading
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

_END = b""
"""What has it end; a query has more."""


class DnsServer:
    """Answers over UDP; a name that it has nothing for does not exist."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        """By name with its final dot and type, as zone files write them."""
        self.failing: set[str] = set()
        """Names for which it answers with SERVFAIL."""
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(_END, ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()  # not before: its number would be another socket's, and this thread would read from that

    @property
    def port(self) -> int:
        """Where it answers."""
        return int(self._socket.getsockname()[1])

    def resolver(self) -> dns.resolver.Resolver:
        """Return a resolver that asks this server alone."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self.port
        return resolver

    def _serve(self) -> None:
        while True:
            try:
                wire, sender = self._socket.recvfrom(4096)
                if wire == _END:
                    return
                self._socket.sendto(self._answer(dns.message.from_wire(wire)).to_wire(), sender)
            except OSError:
                return

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        (question,) = query.question
        name = question.name.to_text()
        self.asked.append(name)
        response = dns.message.make_response(query, recursion_available=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif records := self.records.get((name, kind)):
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
        elif name not in {known for known, _ in self.records}:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response
