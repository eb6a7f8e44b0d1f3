"""RSA and ECDSA side by side: one managed certificate, two orders, deployed and renewed together or not at all."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.issuing import issue, request, show
from tests.support.nginx import Nginx
from tests.support.pebble import Pebble
from tests.support.scripted_server import problem_reply
from tests.support.service import Service
from tests.support.two_authorities import TwoAuthorities, two_authorities
from tests.support.wishes import CERTIFICATES, files_at

Wish = Callable[..., dict[str, Any]]
PAIR = {"key_type": "ecdsa-p256", "second_key_type": "rsa-2048"}
DOWN = problem_reply("serverInternal", 503, "maintenance")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, pebble: Pebble) -> Iterator[TwoAuthorities]:
    """An authority that counts orders and refuses what a test says, and another one."""
    with two_authorities(tmp_path_factory.mktemp("authorities"), pebble) as running:
        yield running


def deployed(folder: Path, name: str) -> x509.Certificate:
    """Return a deployed certificate."""
    return x509.load_pem_x509_certificate((folder / name).read_bytes())


def serials(folder: Path) -> tuple[str, str]:
    """Return the serial numbers of the deployed pair."""
    first, second = (deployed(folder, name).serial_number for name in ("fullchain.pem", "fullchain-rsa.pem"))
    return f"{first:X}", f"{second:X}"


def shown(port: int, ciphers: str) -> object:
    """Return the kind of key that a server shows to a client that takes only these cipher suites."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    with socket.create_connection(("127.0.0.1", port)) as connection, context.wrap_socket(connection) as tls:
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der).public_key()


def test_both_are_deployed_together(service: Service, wish: Wish, site: Path) -> None:
    certificate = issue(service, wish("both.example.test", deployments=[files_at(site)], **PAIR))
    first, second = serials(site)
    assert (certificate["status"], certificate["half"]) == ("healthy", None)
    assert (certificate["issued"]["serial"], certificate["issued"]["second"]["serial"]) == (first, second)
    assert isinstance(deployed(site, "fullchain.pem").public_key(), ec.EllipticCurvePublicKey)
    assert isinstance(deployed(site, "fullchain-rsa.pem").public_key(), rsa.RSAPublicKey)


def test_both_are_renewed_together(service: Service, wish: Wish, site: Path) -> None:
    certificate = issue(service, wish("renewed.example.test", deployments=[files_at(site)], **PAIR))
    before = serials(site)
    request(service, certificate["id"])
    assert not set(before) & set(serials(site))


def test_there_are_two_orders_and_no_more(service: Service, both: TwoAuthorities) -> None:
    issue(service, both.wish("two.example.test", **PAIR))
    assert both.first.ordered.count("two.example.test") == 2


def test_while_the_second_fails_the_previous_pair_stays(service: Service, both: TwoAuthorities, site: Path) -> None:
    name = "half.example.test"
    issue(service, both.wish(name, deployments=[files_at(site)], **PAIR))
    before = serials(site)
    both.first.refuse_number(name, 4, DOWN)
    request(service, "half")
    certificate = show(service, "half")
    assert (serials(site), certificate["status"]) == (before, "warning")
    assert certificate["half"]["serial"] not in before
    assert certificate["due_reason"] in {"an order is under way", "the second certificate of the pair is missing"}


def test_only_the_second_is_ordered_again(service: Service, both: TwoAuthorities, site: Path) -> None:
    name = "again.example.test"
    both.first.refuse_number(name, 2, DOWN)
    half = issue(service, both.wish(name, id="again", deployments=[files_at(site)], **PAIR))["half"]
    request(service, "again")
    assert serials(site)[0] == half["serial"]
    assert show(service, "again")["status"] == "healthy"


def test_nothing_is_deployed_before_both_are_there(service: Service, both: TwoAuthorities, site: Path) -> None:
    both.first.refuse_number("never-half.example.test", 2, DOWN)
    certificate = issue(service, both.wish("never-half.example.test", deployments=[files_at(site)], **PAIR))
    assert (certificate["issued"], site.exists()) == (None, False)


def test_without_the_second_type_there_is_one_again(service: Service, wish: Wish, site: Path) -> None:
    certificate = issue(service, wish("single.example.test", deployments=[files_at(site)], **PAIR))
    edited = service.certify("edit", certificate["id"], "--second-key-type", "")
    request(service, certificate["id"])
    assert (edited.code, show(service, certificate["id"])["issued"]["second"]) == (0, None)


def test_keys_that_are_kept_are_each_kept(service: Service, wish: Wish, site: Path) -> None:
    certificate = issue(service, wish("kept.example.test", deployments=[files_at(site)], reuse_key=True, **PAIR))
    files = ("fullchain.pem", "fullchain-rsa.pem")
    before = [deployed(site, name).public_key() for name in files]
    request(service, certificate["id"])
    assert [deployed(site, name).public_key() for name in files] == before


@pytest.mark.parametrize("second", ["ecdsa-p384", "nonsense"])
def test_a_second_key_of_the_same_kind_is_refused(service: Service, wish: Wish, second: str) -> None:
    answer = service.call("POST", CERTIFICATES, wish("same.example.test", second_key_type=second))
    assert (answer.status, answer.body["field"]) == (422, "second_key_type")


def test_nginx_shows_each_client_the_one_that_it_takes(
    service: Service, wish: Wish, site: Path, tmp_path: Path
) -> None:
    name = "nginx-pair.example.test"
    certificate = issue(service, wish(name, deployments=[files_at(site)], **PAIR))
    with Nginx(tmp_path / "nginx", site, second="rsa") as nginx:
        place = files_at(site, reload=nginx.reload_command, verify=nginx.endpoint)
        change = {"version": certificate["version"], "settings": {"deployments": [place]}}
        service.call("PATCH", f"{CERTIFICATES}/{certificate['id']}", change)
        request(service, certificate["id"])
        assert show(service, certificate["id"])["status"] == "healthy"
        assert isinstance(shown(nginx.port, "aRSA"), rsa.RSAPublicKey)
        assert isinstance(shown(nginx.port, "aECDSA"), ec.EllipticCurvePublicKey)


def test_a_half_that_was_revoked_is_never_used(service: Service, both: TwoAuthorities, site: Path) -> None:
    name = "revoked-half.example.test"
    issue(service, both.wish(name, deployments=[files_at(site)], **PAIR))
    both.first.refuse_number(name, 4, DOWN)
    request(service, "revoked-half")
    half = show(service, "revoked-half")["half"]["serial"]
    wish = {"reason": "keyCompromise", "serial": half}
    revoked = service.call("POST", f"{CERTIFICATES}/revoked-half/revoke", wish)
    request(service, "revoked-half")
    assert (revoked.body["state"], half in serials(site)) == ("revoked", False)


def test_which_one_to_revoke_has_to_be_said(service: Service, wish: Wish) -> None:
    certificate = issue(service, wish("which.example.test", **PAIR))
    address = f"{CERTIFICATES}/{certificate['id']}/revoke"
    refused = service.call("POST", address, {"reason": "superseded"})
    second = certificate["issued"]["second"]["serial"]
    revoked = service.call("POST", address, {"reason": "superseded", "serial": second})
    assert (refused.status, refused.body["field"], revoked.body["state"]) == (422, "serial", "revoked")
