"""`certify selftest windows` on a Windows Python: as far as Wine goes, and with the COM double in place of IIS."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from certify_challenge_http.selftest import HttpSysSelfTest
from certify_core.api import DeploymentFailed, SelfTest
from certify_core.cli.selftest import selftest as selftest_command
from certify_iis.bindings import Binding, Site
from certify_iis.selftest import IisSelfTest
from certify_iis.windows_store import WindowsStore
from certify_windows_service.selftest import WindowsServiceSelfTest
from tests.plugins.iis.sites import http, shown_by, site
from tests.support.ports import free_port

LOOKS = {
    "http-service": "passed",
    "http-reservations": "passed",
    "http-prefix": "passed",
    "rights": "passed",
    "iis": "nothing to test",
    "iis-sites": "nothing to test",
    "stores": "passed",
    "dpapi": "passed",
    "service-manager": "passed",
}


def run(selftest: SelfTest, name: str) -> str:
    """Run one step."""
    return next(step for step in selftest.steps() if step.name == name).run()


if sys.platform == "win32":

    def test_the_command_looks_without_changing_and_reports(tmp_path: Path) -> None:
        (tmp_path / "serviceconfig.json").write_text(json.dumps({"httpChallengeServerPort": free_port()}))
        command = ["windows", "--json", "--data-dir", str(tmp_path), "--report", str(tmp_path / "report.json")]
        ended = CliRunner().invoke(selftest_command, command)
        printed, written = json.loads(ended.stdout), json.loads((tmp_path / "report.json").read_text())
        outcomes = {step["name"]: step["outcome"] for step in printed["steps"]}
        changing = {step["name"]: "not tried" for step in printed["steps"] if step["changes"]}
        assert (ended.exit_code, written, outcomes) == (0, printed, LOOKS | changing), ended.stderr

    @pytest.mark.parametrize("name", ["http-answers", "http-prefix-taken", "http-port-held"])
    def test_http_sys_is_tried(name: str) -> None:
        """With few guesses, one at a time: Wine stalls when many come at once, and loses one of many."""
        assert run(HttpSysSelfTest(free_port(), guesses=5, at_once=1), name)

    @pytest.fixture
    def iis() -> Any:
        doubled = importlib.import_module("tests.plugins.iis.com_double").DoubledIis()
        doubled.set_sites(site(http("*:80:app.test")))
        return doubled

    @pytest.fixture
    def selftest(iis: Any) -> IisSelfTest:
        def see(_: Site, binding: Binding, thumbprint: str, *__: object) -> None:
            """Ask the double: it has no http.sys to shake hands with."""
            if shown_by(iis.sites())[binding.information] != thumbprint:
                raise DeploymentFailed(f"{binding} shows something else.")

        # Wine forgets that an imported key is the machine's, and finds it only if it is the user's.
        return IisSelfTest(
            iis, WindowsStore(machine_keys=False), see=see, has_central_store=lambda: True, pause=lambda _: None
        )

    @pytest.mark.parametrize("name", ["rights", "iis", "iis-sites", "stores"])
    def test_iis_and_the_stores_are_looked_at(selftest: IisSelfTest, iis: Any, name: str) -> None:
        before = iis.version()
        assert run(selftest, name)
        assert iis.version() == before

    @pytest.mark.parametrize("name", ["iis-binding", "iis-binding-plain", "iis-crossed", "iis-central-store"])
    def test_bindings_are_made_through_com_and_gone_afterwards(selftest: IisSelfTest, iis: Any, name: str) -> None:
        before = iis.version()
        assert run(selftest, name)
        assert iis.version() == before

    def test_a_certificate_that_is_still_there_after_it_was_removed_is_told(selftest: IisSelfTest) -> None:
        """Wine removes it for as long as the store is open; all before that went well."""
        with pytest.raises(DeploymentFailed, match="still in the store after it was removed"):
            run(selftest, "store-rsa")

    def test_a_service_is_installed_run_and_uninstalled() -> None:
        assert "It ran and stopped" in run(WindowsServiceSelfTest(), "service-runs")
