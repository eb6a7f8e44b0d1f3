"""Signing in with an account of the system: real curl, by NTLM and by Kerberos, against a running service.

The users are accounts that every Debian has, each in a group of its own name: games, news and man.
"""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import spnego

from certify_core.service.failures import AT_ONCE
from tests.support.kdc import REALM, Kdc
from tests.support.processes import installed
from tests.support.service import Service

pytestmark = pytest.mark.xdist_group("kerberos")

NEGOTIATE = "/api/access/negotiate"
WHO = "/api/access"
DOMAIN = "EXAMPLE"
PASSWORDS = {"games": "correct horse", "news": "battery", "man": "staple"}
SETTINGS = {"integratedAuthentication": True, "administratorsGroup": "games", "accessGroup": "news"}


@dataclass(frozen=True)
class Answer:
    """The last answer that curl was given."""

    status: int
    body: Any
    challenges: list[str]


def curl(url: str, *options: str, environment: dict[str, str] | None = None) -> Answer:
    """Post with curl, which takes part in the sign-in; return the last answer."""
    command = [installed("curl", "curl"), "-sS", "-i", "-X", "POST", *options, url]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=30)
    *_, head, body = ended.stdout.replace("\r\n", "\n").split("\n\n")
    lines = head.splitlines()
    challenges = [line.split(": ", 1)[1] for line in lines if line.lower().startswith("www-authenticate:")]
    return Answer(int(lines[0].split()[1]), json.loads(body), challenges)


def by_ntlm(service: Service, user: str, password: str = "", *, domain: str = DOMAIN) -> Answer:
    """Sign in with a password."""
    return curl(service.url + NEGOTIATE, "--ntlm", "-u", f"{domain}\\{user}:{password or PASSWORDS[user]}")


@pytest.fixture(scope="module")
def ntlm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that knows some passwords."""
    folder = tmp_path_factory.mktemp("ntlm")
    (folder / "users").write_text("".join(f"{DOMAIN}:{user}:{PASSWORDS[user]}\n" for user in PASSWORDS))
    service = Service(folder / "data", environment={"NTLM_USER_FILE": str(folder / "users")})
    yield service.configure(**SETTINGS, accessRealm=DOMAIN, logLevel="debug").start()
    service.close()


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    """A realm."""
    with Kdc(tmp_path_factory.mktemp("kdc")) as running:
        yield running


@pytest.fixture(scope="module")
def kerberos(kdc: Kdc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service in the realm."""
    service = Service(tmp_path_factory.mktemp("kerberos") / "data", environment=kdc.service_environment)
    yield service.configure(**SETTINGS, accessRealm=REALM).start()
    service.close()


def by_kerberos(service: Service, environment: dict[str, str]) -> Answer:
    """Sign in with a ticket."""
    url = service.url.replace("127.0.0.1", "localhost") + NEGOTIATE
    return curl(url, "--negotiate", "-u", ":", environment=environment)


def test_an_administrator_signs_in_by_ntlm_and_gets_a_token(ntlm: Service) -> None:
    answer = by_ntlm(ntlm, "games")
    assert (answer.status, answer.body["role"]) == (200, "administrator")
    assert ntlm.call("GET", "/api/tokens", token=answer.body["token"]).status == 200


def test_the_token_is_his_and_ends_soon(ntlm: Service) -> None:
    answer = by_ntlm(ntlm, "games")
    who = ntlm.call("GET", WHO, token=answer.body["token"]).body
    assert (who["name"], who["how"], who["expires_at"]) == (
        f"{DOMAIN}\\games",
        "negotiate",
        answer.body["expires_at"],
    )


def test_a_member_of_the_group_is_an_operator(ntlm: Service) -> None:
    assert by_ntlm(ntlm, "news").body["role"] == "operator"


def test_who_is_in_no_group_is_recognised_and_not_let_in(ntlm: Service) -> None:
    answer = by_ntlm(ntlm, "man")
    assert (answer.status, f"{DOMAIN}\\man" in answer.body["detail"]) == (403, True)


def test_a_wrong_password_lets_nobody_in(ntlm: Service) -> None:
    answer = by_ntlm(ntlm, "news", "guessed")
    assert (answer.status, answer.challenges) == (401, ["Negotiate", "NTLM"])


def test_a_user_of_another_domain_is_a_stranger(ntlm: Service) -> None:
    assert by_ntlm(ntlm, "games", domain="ELSEWHERE").status == 401


def test_wrong_passwords_for_one_name_keep_no_other_name_out(ntlm: Service) -> None:
    answers = [by_ntlm(ntlm, "nobody", "guessed").status for _ in range(AT_ONCE + 1)]
    assert (answers[0], answers[-1], by_ntlm(ntlm, "games").status) == (401, 429, 200)


def test_a_sign_in_is_in_the_audit_trail_with_its_name(ntlm: Service) -> None:
    by_ntlm(ntlm, "news")
    entered = ntlm.call("GET", "/api/audit?limit=1").body["requests"][0]
    assert (entered["who"], entered["path"], entered["outcome"]["status"]) == (f"{DOMAIN}\\news", NEGOTIATE, 200)


def test_who_has_yet_to_sign_in_is_told_how(ntlm: Service) -> None:
    answer = curl(ntlm.url + NEGOTIATE)
    assert (answer.status, answer.challenges) == (401, ["Negotiate", "NTLM"])


@pytest.mark.parametrize(
    "header",
    ["", "NTLM", "NTLM x", "Negotiate TlRMTVNTUA==", "NTLM TlRMTVNTUAADAAAA", "Basic Z2FtZXM6eA==", "Digest x", "é"],
)
def test_a_damaged_message_is_a_refusal_and_no_fault(ntlm: Service, header: str) -> None:
    sent = {"Authorization": header.encode().decode("latin-1")}
    assert ntlm.call("POST", NEGOTIATE, headers=sent).status == 401


def test_an_answer_without_its_beginning_lets_nobody_in(ntlm: Service) -> None:
    authenticate = "TlRMTVNTUAADAAAAAAAAAFgAAAAAAAAAWAAAAAAAAABYAAAAAAAAAFgAAAAAAAAAWAAAAAAAAABYAAAAAAAAAAAAAAAAAAAA"
    assert ntlm.call("POST", NEGOTIATE, headers={"Authorization": f"NTLM {authenticate}"}).status == 401


def test_another_sites_page_may_not_sign_anybody_in(ntlm: Service) -> None:
    assert ntlm.call("POST", NEGOTIATE, headers={"Origin": "https://attacker.example"}, token=None).status == 403


def test_a_connection_is_not_believed_for_what_was_shown_on_it(ntlm: Service) -> None:
    connection = http.client.HTTPConnection(urlsplit(ntlm.url).netloc, timeout=30)
    client = spnego.client(f"{DOMAIN}\\games", PASSWORDS["games"], protocol="ntlm")
    statuses, challenge = [], b""
    while not client.complete:
        message = base64.b64encode(client.step(challenge) or b"").decode()
        connection.request("POST", NEGOTIATE, headers={"Authorization": f"NTLM {message}"})
        answer = connection.getresponse()
        statuses.append(answer.status)
        challenge = base64.b64decode(answer.headers["WWW-Authenticate"].removeprefix("NTLM").strip())
        answer.read()
    connection.request("GET", WHO)
    statuses.append(connection.getresponse().status)
    connection.close()
    assert statuses == [401, 200, 401]


def test_no_password_and_no_message_is_in_a_log(ntlm: Service) -> None:
    token = by_ntlm(ntlm, "games").body["token"]
    by_ntlm(ntlm, "games", "guessed-password")
    logs = "".join(path.read_text() for path in (ntlm.data_dir / "logs").rglob("*.log"))
    secrets = [token, "guessed-password", *PASSWORDS.values(), "TlRMTVNTUA"]
    assert [secret for secret in secrets if secret in logs] == []


def test_an_administrator_signs_in_by_kerberos_and_gets_a_token(kdc: Kdc, kerberos: Service) -> None:
    answer = by_kerberos(kerberos, kdc.ticket_of("games"))
    assert (answer.status, answer.body["name"], answer.body["role"]) == (200, f"games@{REALM}", "administrator")
    assert kerberos.call("GET", "/api/tokens", token=answer.body["token"]).status == 200


def test_the_service_shows_who_it_is_too(kdc: Kdc, kerberos: Service) -> None:
    (proof,) = by_kerberos(kerberos, kdc.ticket_of("news")).challenges
    assert proof.startswith("Negotiate ")


def test_a_ticket_of_who_is_in_no_group_lets_nobody_in(kdc: Kdc, kerberos: Service) -> None:
    assert by_kerberos(kerberos, kdc.ticket_of("man")).status == 403


def test_a_service_principal_is_no_user_of_its_name(kdc: Kdc, kerberos: Service) -> None:
    assert by_kerberos(kerberos, kdc.ticket_of("games/host")).status == 403


def test_without_a_ticket_nobody_is_let_in(kdc: Kdc, kerberos: Service, tmp_path: Path) -> None:
    environment = {**kdc.ticket_of("lp"), "KRB5CCNAME": f"FILE:{tmp_path / 'nothing'}"}
    assert by_kerberos(kerberos, environment).status == 401


def test_a_ticket_of_another_realm_of_the_same_name_is_refused(kerberos: Service, tmp_path: Path) -> None:
    with Kdc(tmp_path / "impostor") as impostor:
        assert by_kerberos(kerberos, impostor.ticket_of("games")).status == 401


def test_it_is_off_until_somebody_wants_it(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    try:
        answer = service.call("POST", NEGOTIATE, token=None)
    finally:
        service.close()
    assert (answer.status, answer.headers["WWW-Authenticate"], "off" in answer.body["detail"]) == (401, "Bearer", True)


def test_without_the_keys_that_it_needs_it_says_which(tmp_path: Path) -> None:
    environment = {"KRB5_KTNAME": f"FILE:{tmp_path / 'no.keytab'}", "NTLM_USER_FILE": ""}
    service = Service(tmp_path / "data", environment=environment).configure(**SETTINGS).start()
    try:
        answer = service.call("POST", NEGOTIATE, headers={"Authorization": "NTLM TlRMTVNTUAABAAAABoIIAAAAAAA="})
    finally:
        service.close()
    assert (answer.status, "NTLM_USER_FILE" in answer.body["remedy"]) == (503, True)
