"""Every message with which a command ends is there: it names the thing, and the exit code is that of the table."""

from __future__ import annotations

import ast
import http.server
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click
import pytest

from certify_core.api import LocalFault, ServiceManager
from certify_core.cli.client import Client
from certify_core.cli.demo import check_page
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.service_control import first_here
from certify_core.cli.store_keeper import ServedStore
from tests.support.certificates import CertificateAuthority
from tests.support.disks import full, mounted
from tests.support.gate import Gate
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer, json_reply
from tests.support.service import Ended, Service

ROOT = Path(__file__).parents[2]
RAISED = {"UsageError", "BadParameter", "ClickException", "FileError", "ServiceRefused", "LocalFault", "InvalidInput"}
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
HERE = "here.test"
HEALTHY = json_reply({"service": "Certify", "instance": ""})
NO_STORE_CARE = """
from certify_core.api import hookimpl

class Plain:
    name = "plain"
    title = "A store of a test"
    def open(self, context):
        raise NotImplementedError

@hookimpl
def certify_stores(context):
    return [Plain()]
"""


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a certificate and a credential."""
    service = Service(tmp_path_factory.mktemp("used")).start()
    service.certify("request", HERE, "--ca", "local", "--wait")
    service.certify("credential", "add", "pfx", "files:pfx_password=hidden")
    service.certify("notify", "add", "ops", "apprise:url=json://127.0.0.1:9/")
    yield service
    service.close()


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """A file that is no text."""
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00")
    return path


# -- usage: nothing is done ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("request", "Give IDENTIFIER, or a signing request with --csr."),
        ("request x.test --order", "--order is for --dry-run; without it the certificate is ordered anyway."),
        ("request x.test --ca local --ca-directory https://ca.test/", "Give --ca or --ca-directory, not both."),
        ("request x.test --deploy :dir=/x", " names nothing."),
        ("request x.test --deploy files:{", " is not JSON: "),
        ("request x.test --deploy files:dir", " is not of the form key=value."),
        ("request x.test --deploy files:dir=@/does/not/exist", " cannot be read: "),
        ("export --output folder --encrypted file", "Give either --output or --encrypted."),
        ("renew", "Name certificates, or give --all-due."),
        ("renew --all-due --use-last-duplicate", "--use-last-duplicate is for certificates that you name."),
        ("deploy", "Name certificates, or give --all."),
        ("verify here.test --all", "Name certificates, or give --all."),
        ("edit here.test", "Nothing to change: give at least one option."),
        ("credential edit pfx", "Nothing to change: give parameters or --title."),
        ("notify edit ops", "Nothing to change: give parameters or an option."),
        ("config set port", "Give either a VALUE or --remove."),
        ("config set port 80 --remove", "Give either a VALUE or --remove."),
        ("config set port many", "port"),
        ("token create x --expires-in soon", " is not a duration such as 30d, 12h or 90m."),
        ("deploy here.test", "here.test is deployed nowhere."),
        ("request x.test --ca local --deploy files:dirr=/x", "There is no parameter dirr. Did you mean dir?"),
        ("request x.test --ca local --deploy files", "The parameter dir is missing."),
        ("request x.test --ca local --deploy files:dir=relative", "dir: 'relative' is not an absolute path."),
        ("request x.test --ca local --deploy nginx", "There is no deployment target named 'nginx'."),
        ("request x.test --challenge http:port=0", "port: Input should be greater than or equal to 1."),
    ],
)
def test_wrong_usage_is_told(used: Service, line: str, told: str) -> None:
    ended = used.certify(*line.split())
    assert (ended.code, told in ended.err) == (2, True), ended.err


def test_a_signing_request_says_all_names(used: Service, binary: Path) -> None:
    ended = used.certify("request", "--csr", str(binary), "--also", "x.test")
    assert (ended.code, "The signing request says all names: leave --also out." in ended.err) == (2, True)


def test_a_signing_request_that_is_no_text(used: Service, binary: Path) -> None:
    ended = used.certify("request", "--csr", str(binary))
    assert (ended.code, " is not PEM." in ended.err) == (2, True)


def test_a_key_that_is_no_text(used: Service, binary: Path) -> None:
    ended = used.certify("account", "import", "--ca", "letsencrypt", "--key", str(binary))
    assert (ended.code, "This is no text, so neither PEM nor JSON." in ended.err) == (2, True)


# -- what is not there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("account rollover letsencrypt", "There is no account at "),
        ("deploy here.test --target files", " is not deployed to "),
        ("verify here.test --target files", " is not deployed to "),
        ("plugins show nginx", "No plugin offers "),
        ("show nobody.test", "There is no managed certificate nobody.test."),
        ("credential show nothing", "nothing"),
    ],
)
def test_what_is_not_there_is_named(used: Service, line: str, told: str) -> None:
    ended = used.certify(*line.split())
    assert (ended.code, told in ended.err) == (4, True), ended.err


def test_what_a_plugin_offers_is_named_where_something_else_was_asked_for(used: Service) -> None:
    assert "There are: apprise, files, http, iis, webroot." in used.certify("plugins", "show", "nginx").err


# -- conflicts -----------------------------------------------------------------------------------------------------


def test_another_wish_under_the_same_name(used: Service) -> None:
    ended = used.certify("request", HERE, "--also", "more.test", "--ca", "local")
    assert (ended.code, "There is already a managed certificate named " in ended.err) == (5, True)


def test_a_name_that_two_have(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    try:
        for _ in range(2):
            service.call("POST", "/api/managedcertificates", {"identifiers": ["twice.test"], "authority": "local"})
        ended = service.certify("show", "twice.test")
    finally:
        service.close()
    assert (ended.code, " managed certificates are named " in ended.err, "Use an id: " in ended.err) == (5, True, True)


# -- the service ---------------------------------------------------------------------------------------------------


def pointed_at(folder: Path, port: int, **more: object) -> Service:
    """Return a data folder that says that its service is at a port."""
    (folder / "api.token").write_text("token")
    (folder / "servers.json").write_text(json.dumps([{"Host": "127.0.0.1", "Port": port, **more}]))
    return Service(folder)


def test_a_service_that_does_not_run(tmp_path: Path) -> None:
    ended = pointed_at(tmp_path, free_port()).certify("list")
    assert (ended.code, "The service does not answer at " in ended.err, "certify serve" in ended.err) == (3, True, True)


def test_a_token_that_is_not_there(tmp_path: Path) -> None:
    service = pointed_at(tmp_path, free_port())
    (tmp_path / "api.token").unlink()
    ended = service.certify("list")
    assert (ended.code, "The token " in ended.err, " cannot be read: " in ended.err) == (3, True, True)


def test_another_program_in_its_place(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.on("/api/health", Reply(200, b"<html>"))
        ended = pointed_at(tmp_path, port_of(server)).certify("list")
    assert (ended.code, " is not the Certify of this data folder, but " in ended.err) == (3, True)


def test_an_answer_that_is_none_of_certify(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.on("/api/health", HEALTHY)
        ended = pointed_at(tmp_path, port_of(server)).certify("list")
    assert (ended.code, "What answers is not Certify (HTTP 404)" in ended.err) == (3, True)


def port_of(server: ScriptedServer) -> int:
    """Return where a server listens."""
    return int(server.url.rsplit(":", 1)[1])


def test_a_service_that_dies_while_somebody_waits(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    there = ["--data-dir", str(service.data_dir)]
    with Gate() as gate:
        place = f"files:dir={tmp_path / 'site'},reload={gate.command}"
        command = [sys.executable, "-m", "certify_core.cli", "request", HERE, "--ca", "local", "--deploy", place]
        with subprocess.Popen(
            [*command, "--wait", *there], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as waiting:
            assert waiting.stdout is not None
            while "saved" not in waiting.stdout.readline():
                pass
            gate.wait_for_arrival()
            service.kill()
            _, told = waiting.communicate(timeout=60)
    service.close()
    assert (waiting.returncode, "The service stopped answering." in told) == (3, True)


# -- the store, and what else runs without the service -------------------------------------------------------------


@pytest.fixture
def plain_store(tmp_path: Path) -> Ended:
    """How a check of a store ends that nobody looks after."""
    information = tmp_path / "plugins" / "certify_plain-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: certify_plain\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[certify.plugins]\nplain = certify_plain\n")
    (tmp_path / "plugins" / "certify_plain.py").write_text(NO_STORE_CARE)
    environment = {"PYTHONPATH": str(tmp_path / "plugins")}
    return Service(tmp_path / "data", environment=environment).configure(store="plain").certify("db", "check")


def test_a_store_that_nobody_looks_after(plain_store: Ended) -> None:
    assert (plain_store.code, "Certify does not look after " in plain_store.err) == (1, True)


def test_a_refusal_without_the_service_is_json_too(tmp_path: Path) -> None:
    ended = Service(tmp_path).certify("db", "restore", "20200101T000000Z", "--yes", "--json")
    assert (ended.code, "detail" in ended.json["error"]) == (4, True)


def test_a_store_that_is_not_replaced(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.on("/api/health", HEALTHY)
        server.on("/api/database", json_reply({"recovery": None}))
        server.on("/api/database/recover", json_reply({"status": "accepted"}, 202))
        pointed_at(tmp_path, port_of(server))
        store = ServedStore(Client(tmp_path), reopening=0.0)
        with pytest.raises(ServiceRefused, match="The service has not replaced the database") as refused:
            store.recover()
    assert refused.value.exit_code == Exit.FAILED


def test_a_file_that_is_there_already(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    service.stop()
    (tmp_path / "rows.json").touch()
    ended = service.certify("db", "export", str(tmp_path / "rows.json"))
    assert (ended.code, "it is there already" in ended.err) == (1, True)


def test_settings_that_cannot_be_written(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", megabytes=1) as disk, full(disk):
        ended = Service(disk).certify("config", "set", "logLevel", "debug")
    assert (ended.code, "serviceconfig.json" in ended.err) == (1, True)


def test_a_page_that_is_another(tmp_path: Path) -> None:
    authority = CertificateAuthority()
    bundle = authority.issue("demo.localhost")
    (tmp_path / "pem").write_text(bundle.fullchain_pem + bundle.private_key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(click.ClickException, match="did not answer as it should"):
            check_page(server.server_address[1], authority.root_pem)
        server.shutdown()


class Elsewhere:
    """What runs services on another system than this."""

    title = "Another system"

    def is_here(self) -> bool:
        """Never."""
        return False


def test_a_system_on_which_nothing_runs_services() -> None:
    with pytest.raises(LocalFault, match="There is nothing here that runs services; known: Another system"):
        first_here([cast("ServiceManager", Elsewhere())])


# -- all of them ---------------------------------------------------------------------------------------------------


def messages() -> Iterator[tuple[str, str]]:
    """Yield where each message of the command line is raised, and the longest part of it that is always the same."""
    for path in sorted((ROOT / "certify_core" / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in RAISED:
                parts = [part for argument in node.args for part in _literals(argument)]
                if parts:
                    yield f"{path.name}:{node.lineno}", parts[0]


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _literals(argument: ast.expr) -> list[str]:
    """Return the literal parts of a message, the longest first."""
    values = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    texts = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return sorted(texts, key=len, reverse=True)


@pytest.mark.parametrize(("where", "told"), list(messages()))
def test_every_message_of_the_command_line_is_tested(where: str, told: str) -> None:
    assert told.strip(" .'") in TESTS, where
