"""The API's own certificate: made, renewed in time, and of a root that is good for this machine's names alone."""

from __future__ import annotations

import re
import ssl
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from certify_core.errors import LocalFault
from certify_core.service.names import LOOPBACK, names_of, temporary_addresses
from certify_core.service.own_certificate import OwnCertificate
from tests.support.certificates import CertificateAuthority
from tests.support.openssl import openssl

ADDRESS = re.compile(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]*")
NAMES = ("localhost", "127.0.0.1", "web1.example.com")


@dataclass
class House:
    """A data folder and what time it is there."""

    folder: Path
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def ensure(self, *names: str, host: str = "localhost") -> bool:
        """See to the certificate for these names."""
        return OwnCertificate(self.folder, names or NAMES, lambda: self.now, host=host).ensure()

    def read(self, name: str) -> bytes:
        """Return a file."""
        return (self.folder / "api-tls" / name).read_bytes()

    def certificate(self) -> x509.Certificate:
        """Return the server's certificate."""
        return x509.load_pem_x509_certificate(self.read("server.pem"))

    def names(self) -> list[str]:
        """Return the names in the server's certificate."""
        names = self.certificate().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name.value) for name in names]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A data folder with a certificate."""
    house = House(tmp_path)
    assert house.ensure()
    return house


def test_a_good_certificate_stays(house: House) -> None:
    before = house.read("server.pem")
    assert (house.ensure(), house.read("server.pem")) == (False, before)


@pytest.mark.parametrize(("days", "renewed"), [(59, False), (61, True), (500, True)])
def test_it_is_renewed_thirty_days_before_its_end(house: House, days: int, renewed: bool) -> None:
    house.now += timedelta(days=days)
    assert house.ensure() is renewed


def test_who_trusts_the_root_trusts_the_renewed_one_too(house: House) -> None:
    root = house.read("root.pem")
    house.now += timedelta(days=80)
    house.ensure()
    house.certificate().verify_directly_issued_by(x509.load_pem_x509_certificate(root))
    assert house.read("root.pem") == root


def test_a_root_that_ends_soon_is_replaced(house: House) -> None:
    before = house.read("root.pem")
    house.now += timedelta(days=3600)
    house.ensure()
    assert house.read("root.pem") != before


def test_a_clock_that_was_far_ahead_leaves_no_certificate_of_the_future(house: House) -> None:
    house.now -= timedelta(days=365)
    assert house.ensure()
    assert house.certificate().not_valid_before_utc <= house.now


def test_a_clock_that_is_put_back_leaves_the_root(house: House) -> None:
    before = house.read("root.pem")
    house.now -= timedelta(days=365)
    house.ensure()
    root = x509.load_pem_x509_certificate(house.read("root.pem"))
    assert (house.read("root.pem"), root.not_valid_before_utc <= house.now) == (before, True)


def test_fewer_names_make_another_certificate_of_the_same_root(house: House) -> None:
    before = house.read("root.pem")
    assert house.ensure("localhost")
    assert (house.names(), house.read("root.pem")) == (["localhost"], before)


def test_an_address_that_came_later_is_left_out_and_the_root_stays(house: House) -> None:
    before = house.read("root.pem"), house.read("server.pem")
    assert not house.ensure(*NAMES, "2001:db8::7")
    assert (house.read("root.pem"), house.read("server.pem")) == before


def test_what_is_left_out_is_told_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    certificate = OwnCertificate(house.folder, (*NAMES, "2001:db8::7"), lambda: house.now)
    for _ in range(3):
        certificate.ensure()
    assert [record.levelname for record in caplog.records if "2001:db8::7" in record.getMessage()] == ["WARNING"]


def test_a_host_that_is_set_and_not_covered_makes_another_root(house: House) -> None:
    before = house.read("root.pem")
    house.ensure(*NAMES, "192.0.2.7", host="192.0.2.7")
    assert (house.names(), house.read("root.pem") != before) == ([*NAMES, "192.0.2.7"], True)


@pytest.mark.parametrize("name", ["server.pem", "root.key", "root.pem"])
@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_damaged_is_made_anew(house: House, name: str, content: bytes) -> None:
    (house.folder / "api-tls" / name).write_bytes(content)
    house.ensure()
    root = x509.load_pem_x509_certificate(house.read("root.pem"))
    house.certificate().verify_directly_issued_by(root)


@pytest.mark.parametrize("name", ["server.pem", "root.key"])
def test_a_certificate_of_somebody_else_is_not_kept(house: House, name: str) -> None:
    other = CertificateAuthority().issue("localhost")
    (house.folder / "api-tls" / name).write_text(other.certificate_pem + other.private_key_pem)
    house.ensure()
    house.certificate().verify_directly_issued_by(x509.load_pem_x509_certificate(house.read("root.pem")))


def test_keys_are_their_owners_alone(house: House) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (house.folder / "api-tls").iterdir()}
    assert modes == {"server.pem": 0o600, "root.key": 0o600, "root.pem": 0o644}


def test_the_root_can_vouch_for_no_other_name(tmp_path: Path) -> None:
    House(tmp_path, datetime.now(UTC)).ensure()
    root, forged = tmp_path / "api-tls" / "root.pem", tmp_path / "forged"
    (tmp_path / "names").write_text("subjectAltName=DNS:www.example.org")
    key, request, certificate = (forged.with_suffix(kind) for kind in (".key", ".csr", ".pem"))
    openssl("req", "-new", "-nodes", "-newkey", "rsa:2048", "-keyout", key, "-subj", "/", "-out", request)
    signed = ("-CA", root, "-CAkey", root.with_suffix(".key"), "-CAcreateserial", "-CAserial", forged)
    how = ("-days", "30", "-extfile", tmp_path / "names", "-out", certificate)
    openssl("x509", "-req", "-in", request, *signed, *how)
    assert "permitted subtree violation" in openssl("verify", "-CAfile", root, certificate)


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "api-tls").write_bytes(b"")
    with pytest.raises(LocalFault, match="api-tls"):
        House(tmp_path).ensure()


def test_what_is_kept_is_what_tls_loads(house: House) -> None:
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(house.folder / "api-tls" / "server.pem")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", {"localhost", "127.0.0.1", "::1"}),
        ("127.8.9.10", {"localhost", "127.0.0.1", "::1", "127.8.9.10"}),
        ("[::1]", {"localhost", "127.0.0.1", "::1"}),
    ],
)
def test_on_the_loopback_it_has_its_names_alone(host: str, expected: set[str]) -> None:
    assert set(names_of(host)) == expected


@pytest.mark.parametrize(("host", "version"), [("0.0.0.0", 4), ("::", 6)])
def test_of_the_machines_addresses_it_has_those_that_are_listened_on(host: str, version: int) -> None:
    found = {name for name in names_of(host) if name not in LOOPBACK and ADDRESS.fullmatch(name)}
    assert {ip_address(name).version for name in found} <= {version}


def test_temporary_addresses_are_told_from_others(tmp_path: Path) -> None:
    (tmp_path / "if_inet6").write_text(
        "20010db8000000000000000000000002 04 40 00 80     eth0\n20010db800000000a1b2c3d4e5f60718 04 40 00 01     eth0\n"
    )
    assert temporary_addresses(tmp_path / "if_inet6") == {"2001:db8::a1b2:c3d4:e5f6:718"}
    assert temporary_addresses(tmp_path / "missing") == set()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_stands_for_all_is_no_name(host: str) -> None:
    assert host not in names_of(host)
