"""`certify serve` as a process of Windows: it answers, issues and deploys, stops when told, and outlives its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from certify_core.service.config import default_data_dir
from tests.support.killing import TERMINATED
from tests.support.service import Service

if sys.platform == "win32":

    @pytest.fixture(scope="module")
    def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
        running = Service(tmp_path_factory.mktemp("service") / "data").start()
        yield running
        running.close()

    @pytest.fixture
    def idle(tmp_path: Path) -> Iterator[Service]:
        one = Service(tmp_path / "data")
        yield one
        one.close()

    def test_it_answers_who_has_the_token_and_nobody_else(service: Service) -> None:
        asked = [service.call("GET", "/api/managedcertificates", token=token).status for token in ("", None)]
        assert asked == [200, 401]

    def test_a_certificate_is_requested_and_deployed(service: Service, tmp_path: Path) -> None:
        site = tmp_path / "site"
        wish = ("app.test", "--ca", "local", "--deploy", f"files:dir={site}", "--wait")
        ended = service.certify("request", *wish)
        deployed = x509.load_pem_x509_certificate((site / "fullchain.pem").read_bytes())
        names = deployed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert (ended.code, names.get_values_for_type(x509.DNSName)) == (0, ["app.test"]), ended.err

    def test_a_second_one_on_its_data_folder_is_refused(service: Service) -> None:
        second = Service(service.data_dir)
        said = second.launch()
        second.close()
        assert f"in use by another service (pid {service.pid})" in said

    def test_ctrl_break_stops_it_cleanly(idle: Service) -> None:
        idle.start()
        assert (idle.stop(), "Stopped" in idle.log()) == (0, True)

    def test_what_it_had_is_there_after_it_was_terminated(idle: Service, tmp_path: Path) -> None:
        idle.start()
        idle.certify("request", "app.test", "--ca", "local", "--deploy", f"files:dir={tmp_path / 'site'}", "--wait")
        before = idle.certify("list", "--json").json
        idle.kill()
        code = idle.wait_for_death()
        idle.start()
        assert (code, idle.certify("list", "--json").json) == (TERMINATED, before)

    def test_its_data_folder_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CERTIFY_DATA_DIR", raising=False)
        assert default_data_dir() == Path(r"C:\ProgramData\Certify")
