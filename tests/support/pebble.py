"""A real ACME server: Let's Encrypt's Pebble with its own DNS, on free ports of the loopback.

Every name resolves to 127.0.0.1 unless a test says otherwise. Poll no faster than every 50 ms: Pebble 2.4.0 can lock
up for good when authorizations are read at a high rate while orders are made.
"""

from __future__ import annotations

import json
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import urllib3
from cryptography import x509

from tests.support.beside import as_linux
from tests.support.certificates import CertificateAuthority
from tests.support.newer_pebble import newer_programs
from tests.support.ports import free_port
from tests.support.processes import Program, ProgramEnded, installed

EAB_KEYS = {
    "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W",
    "kid-2": "b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH",
}
"""Key identifiers and HMAC keys that a Pebble with `eab` knows."""
_START_ATTEMPTS = 3


class Pebble:
    """A running Pebble; `close` it, or use it in a `with` block."""

    def __init__(
        self,
        folder: Path,
        *,
        http_port: int | None = None,
        nonce_reject: int = 5,
        authz_reuse: int = 0,
        va_nosleep: bool = True,
        always_valid: bool = False,
        strict: bool = False,
        eab: bool = False,
        validity_seconds: int | None = None,
        blocked: tuple[str, ...] = (),
        orders_per_page: int | None = None,
        alternate_roots: int = 0,
        newer: bool = False,
    ) -> None:
        """Start it.

        Args:
            folder: an empty folder for its files, made if it is missing.
            http_port: where it looks for answers to http-01; a free port if None.
            nonce_reject: percentage of good nonces that it refuses.
            authz_reuse: percentage of valid authorizations that it uses again; Pebble takes 0 for 1.
            va_nosleep: whether it validates at once, rather than within 15 seconds.
            always_valid: whether it believes every name without looking.
            strict: whether it refuses what is deprecated.
            eab: whether accounts need one of `EAB_KEYS`.
            validity_seconds: lifetime of its certificates; five years if None.
            blocked: domains that it refuses to issue for.
            orders_per_page: how many orders a page of an account's list has; 3 if None.
            alternate_roots: how many more chains it offers.
            newer: whether it is the Pebble of Debian sid, which knows renewal information (RFC 9773).
        """
        self._newer = newer
        self._programs = (
            newer_programs() if newer else (installed("pebble", "pebble"), installed("pebble-challtestsrv", "pebble"))
        )
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_bundle = folder / "tls-root.pem"
        """PEM file with the root of Pebble's own web server."""
        self.http_port = http_port or free_port()
        self.tls_port = free_port()
        """Where it looks for answers to tls-alpn-01."""
        self._make_tls()
        self._config: dict[str, object] = {
            "certificate": as_linux(folder / "tls.pem"),
            "privateKey": as_linux(folder / "tls.key"),
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": eab,
            "externalAccountMACKeys": EAB_KEYS if eab else {},
            "domainBlocklist": list(blocked),
        }
        if newer:  # it has lifetimes in its profiles only
            profile = {"description": "the only one", "validityPeriod": validity_seconds or 90 * 86_400}
            self._config["profiles"] = {"default": profile}
        elif validity_seconds is not None:
            self._config["certificateValidityPeriod"] = validity_seconds
        self._arguments = ["-strict"] if strict else []
        self._environment = {
            "PEBBLE_WFE_NONCEREJECT": str(nonce_reject),
            "PEBBLE_AUTHZREUSE": str(authz_reuse),
            "PEBBLE_ALTERNATE_ROOTS": str(alternate_roots),
            **({"PEBBLE_VA_NOSLEEP": "1"} if va_nosleep else {}),
            **({"PEBBLE_VA_ALWAYS_VALID": "1"} if always_valid else {}),
            **({"PEBBLE_WFE_ORDERS_PER_PAGE": str(orders_per_page)} if orders_per_page else {}),
        }
        self._http = urllib3.PoolManager(ca_certs=str(self.ca_bundle), retries=False, timeout=10)
        self._running: list[Program] = []
        self._start()

    @property
    def log(self) -> str:
        """The end of what Pebble has written."""
        return self._running[-1].log()

    def root_pem(self, chain: int = 0) -> str:
        """Return the root of the certificates that it issues."""
        return self._http.request("GET", f"{self.management}/roots/{chain}").data.decode()

    def certificate_status(self, certificate_pem: str) -> dict[str, Any]:
        """Return `Status` (``Valid``, ``Revoked``) of a certificate that it has issued, and `Reason` if it has one."""
        serial = x509.load_pem_x509_certificate(certificate_pem.encode()).serial_number
        answer = self._http.request("GET", f"{self.management}/cert-status-by-serial/{serial:x}")
        assert answer.status == 200, answer.data
        status: dict[str, Any] = answer.json()
        return status

    def set_renewal_info(self, certificate_pem: str, document: object) -> None:
        """Let it answer so when it is asked when a certificate is to be renewed; a text is sent as it is."""
        text = document if isinstance(document, str) else json.dumps(document)
        override = json.dumps({"Certificate": certificate_pem, "ARIResponse": text})
        url = f"{self.management}/set-renewal-info/"
        answer = self._http.request("POST", url, body=override.encode())
        assert answer.status == 200, answer.data

    def add_a(self, host: str, *addresses: str) -> None:
        """Let a name resolve to these addresses."""
        self._tell_dns("add-a", {"host": host, "addresses": addresses})

    def set_txt(self, host: str, value: str) -> None:
        """Publish a TXT record, as for dns-01."""
        self._tell_dns("set-txt", {"host": f"{host.rstrip('.')}.", "value": value})

    def set_servfail(self, host: str) -> None:
        """Let every question about a name fail."""
        self._tell_dns("set-servfail", {"host": host})

    def clear_servfail(self, host: str) -> None:
        """Let questions about a name be answered again."""
        self._tell_dns("clear-servfail", {"host": host})

    def close(self) -> None:
        """Stop it."""
        for program in reversed(self._running):
            program.stop()
        self._running.clear()
        self._http.clear()

    def __enter__(self) -> Pebble:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_tls(self) -> None:
        authority = CertificateAuthority()
        # Valid for tests under a clock that is a day behind or years ahead.
        day_before = datetime.now(UTC) - timedelta(days=1)
        bundle = authority.issue("localhost", "127.0.0.1", not_before=day_before, lifetime=timedelta(days=3000))
        self.ca_bundle.write_text(authority.root_pem)
        (self.folder / "tls.pem").write_text(bundle.fullchain_pem)
        (self.folder / "tls.key").write_text(bundle.private_key_pem)

    def _start(self) -> None:
        for attempt in range(_START_ATTEMPTS):
            try:
                self._start_once()
            except ProgramEnded as ended:
                self.close()
                if "address already in use" not in str(ended) or attempt + 1 == _START_ATTEMPTS:
                    raise
            except BaseException:
                self.close()
                raise
            else:
                return

    def _start_once(self) -> None:
        acme, management, dns, dns_management = (free_port() for _ in range(4))
        self.directory = f"https://127.0.0.1:{acme}/dir"
        """Address of the ACME directory."""
        self.management = f"https://127.0.0.1:{management}"
        """Address of Pebble's own management."""
        self.dns = f"127.0.0.1:{dns}"
        """Where its DNS answers."""
        self._dns_management = f"http://127.0.0.1:{dns_management}"
        ports = {"listenAddress": f"127.0.0.1:{acme}", "managementListenAddress": f"127.0.0.1:{management}"}
        config = self.folder / "pebble.json"
        config.write_text(json.dumps({"pebble": self._config | ports}))
        pebble, challtestsrv = self._programs
        answers = ["-doh", "", "-dnsserver", self.dns] if self._newer else ["-dns01", self.dns]
        resolver = [challtestsrv, "-management", f"127.0.0.1:{dns_management}", *answers]
        unused = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]
        self._run([*resolver, *unused], "dns.log", f"{self._dns_management}/")
        server = [pebble, "-config", as_linux(config), "-dnsserver", self.dns, *self._arguments]
        self._run(server, "pebble.log", self.directory, f"{self.management}/roots/0")

    def _run(self, command: list[str], log: str, *addresses: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PEBBLE_")}
        program = Program(command, self.folder / log, inherited | self._environment)
        self._running.append(program)
        program.wait_until(lambda: all(self._answers(address) for address in addresses))

    def _answers(self, address: str) -> bool:
        try:
            self._http.request("GET", address)
        except urllib3.exceptions.HTTPError as error:
            if isinstance(error, urllib3.exceptions.SSLError) or isinstance(error.__cause__, ssl.SSLError):
                raise
            return False
        return True

    def _tell_dns(self, what: str, content: dict[str, object]) -> None:
        answer = self._http.request("POST", f"{self._dns_management}/{what}", body=json.dumps(content).encode())
        assert answer.status == 200, answer.data
