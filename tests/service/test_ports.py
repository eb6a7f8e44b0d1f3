"""A port that somebody else has: it is said who, the service moves, and clients find it."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from certify_core.errors import LocalFault
from certify_core.service.ports import describe_holder, open_port
from certify_core.service.recognition import Kind, who_answers
from certify_core.service.servers import Server, read_server
from tests.support.degraded import found, launched
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer, Silence
from tests.support.service import Service

MYSELF = f"(pid {os.getpid()})"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on, without ever answering."""
    with socket.create_server(("127.0.0.1", free_port())) as holder:
        yield int(holder.getsockname()[1])


def port_of(server: ScriptedServer) -> int:
    """Return where a server listens."""
    return int(server.url.rpartition(":")[2])


def close(sockets: list[socket.socket]) -> int:
    """Close sockets; return the port that they all had."""
    (port,) = {opened.getsockname()[1] for opened in sockets}
    for opened in sockets:
        opened.close()
    return int(port)


def test_a_free_port_is_taken_as_it_is() -> None:
    port = free_port()
    sockets, moved = open_port("127.0.0.1", port, may_move=True)
    assert (close(sockets), moved) == (port, "")


def test_a_taken_port_is_left_to_its_holder_and_the_next_free_one_is_used(taken: int) -> None:
    sockets, moved = open_port("127.0.0.1", taken, may_move=True)
    assert taken < close(sockets) <= taken + 100
    assert (str(taken) in moved, MYSELF in moved) == (True, True)


def test_a_port_that_is_free_on_one_address_only_is_not_used(taken: int) -> None:
    sockets, _ = open_port("localhost", taken, may_move=True)
    assert close(sockets) > taken


def test_a_taken_port_is_refused_with_its_holder_where_nothing_may_move(taken: int) -> None:
    with pytest.raises(LocalFault, match="is held by") as refused:
        open_port("127.0.0.1", taken, may_move=False)
    assert (MYSELF in refused.value.cause, "serviceconfig.json" in refused.value.remedy) == (True, True)


def test_a_listener_that_answers_as_something_else_is_recognised() -> None:
    with ScriptedServer() as server:
        server.on("/api/health", Reply(200, b"<html>Welcome</html>"))
        told = describe_holder("127.0.0.1", port_of(server))
        assert "not Certify" in told
        assert who_answers("127.0.0.1", Server("localhost", port_of(server))).kind is Kind.STRANGER


def test_a_listener_that_claims_to_be_nothing_we_know_is_a_stranger() -> None:
    with ScriptedServer() as server:
        server.on("/api/health", Reply(200, b'{"service": "Grafana", "instance": "1"}'))
        assert who_answers("127.0.0.1", Server("localhost", port_of(server), "1")).kind is Kind.STRANGER


def test_a_listener_that_says_nothing_is_recognised() -> None:
    with ScriptedServer() as server:
        server.on("/api/health", Silence())
        assert who_answers("127.0.0.1", Server("localhost", port_of(server)), timeout=0.2).kind is Kind.SILENT


def test_a_listener_that_speaks_no_http_is_a_stranger() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:

        def greet() -> None:
            connection, _ = holder.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        threading.Thread(target=greet, daemon=True).start()
        answerer = who_answers("127.0.0.1", Server("localhost", holder.getsockname()[1]))
    assert answerer.kind is Kind.STRANGER


def test_nobody_is_recognised() -> None:
    assert who_answers("127.0.0.1", Server("localhost", free_port())).kind is Kind.NOBODY


def test_a_service_is_told_from_another_one(service: Service) -> None:
    meant = read_server(service.data_dir)
    assert meant is not None
    other = Server(meant.host, meant.port, "somebody else")
    assert [who_answers("127.0.0.1", server).kind for server in (meant, other)] == [Kind.MEANT, Kind.OTHER]


def test_nobody_gets_a_token_who_is_only_asked_who_he_is() -> None:
    with ScriptedServer() as server:
        server.on("/api/health", Reply(200, b"{}"))
        who_answers("127.0.0.1", Server("localhost", port_of(server)))
        assert ["Authorization" in request.headers for request in server.received] == [False]


class TestMovedService:
    @pytest.fixture
    def moved(self, idle: Service, taken: int) -> Service:
        """A service whose port is taken."""
        idle.configure(Port=taken, host="127.0.0.1", mine=1)
        launched(idle, port=None)
        return idle

    def test_it_says_where_it_is_in_both_files(self, moved: Service, taken: int) -> None:
        config = json.loads((moved.data_dir / "serviceconfig.json").read_text())
        (server,) = json.loads((moved.data_dir / "servers.json").read_text())
        assert taken < server["Port"] <= taken + 100
        assert config == {"Port": server["Port"], "host": "127.0.0.1", "mine": 1}

    def test_the_command_line_finds_it(self, moved: Service) -> None:
        assert moved.certify("list").code == 0

    def test_it_says_who_has_the_port(self, moved: Service, taken: int) -> None:
        told = found(moved)["port-moved"]
        assert (told["severity"], str(taken) in told["evidence"], MYSELF in told["evidence"]) == ("note", True, True)

    def test_it_stays_there_after_a_restart(self, moved: Service) -> None:
        before = (moved.data_dir / "serviceconfig.json").read_text()
        moved.stop()
        launched(moved, port=None)
        assert (moved.data_dir / "serviceconfig.json").read_text() == before

    @pytest.mark.parametrize("file", ["servers.json", "serviceconfig.json"])
    def test_a_deleted_file_does_no_harm(self, moved: Service, file: str) -> None:
        (moved.data_dir / file).unlink()
        assert moved.certify("list").code == 0


def test_a_service_that_may_not_move_stays_and_says_who_has_the_port(idle: Service, taken: int) -> None:
    line = idle.configure(port=taken, host="127.0.0.1", enableAutoPortNegotiation=False).launch(port=None)
    assert (line.startswith("certify: "), MYSELF in line) == (True, True)
    assert json.loads((idle.data_dir / "serviceconfig.json").read_text())["port"] == taken


def test_servers_json_that_says_something_else_is_found_and_mended(idle: Service) -> None:
    idle.start()
    path = idle.data_dir / "servers.json"
    true = path.read_text()
    path.write_text('[{"Host": "localhost", "Port": 1}]')
    assert found(idle)["servers-disagree"]["fixable"] is True
    (repair,) = idle.call("POST", "/api/health/fix", {"code": "servers-disagree"}).body["repairs"]
    assert (repair["fixed"], path.read_text()) == (True, true)


def test_a_listener_on_another_address_is_none_of_our_business(idle: Service) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.9", port)):
        assert idle.configure(host="127.0.0.1", port=port).start(port=None).url.endswith(f":{port}")
