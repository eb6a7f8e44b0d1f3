"""The look at Windows' HTTP service, on Windows itself."""

from __future__ import annotations

import sys

import pytest

from certify_challenge_http import http_service
from certify_challenge_http.http_service import ServiceState
from certify_challenge_http.http_sys_check import HttpSysCheck
from certify_core.testing.health_check import HealthCheckContract

if sys.platform == "win32":

    class TestContract(HealthCheckContract):
        @pytest.fixture
        def check(self) -> HttpSysCheck:
            return HttpSysCheck()

    def test_a_usable_service_that_listens_everywhere_is_well() -> None:
        assert [found.code for found in HttpSysCheck().run()] == ["http-service", "http-listen"]

    def test_a_service_that_there_is_not_is_not_installed() -> None:
        assert http_service.state("Certify-No-Such-Service") == ServiceState(installed=False)

    def test_a_service_that_there_is_not_cannot_be_started() -> None:
        with pytest.raises(OSError, match="there is no service"):
            http_service.enable_and_start("Certify-No-Such-Service")

    def test_starting_what_may_start_makes_it_run() -> None:
        http_service.enable_and_start(http_service.NAME)
        assert http_service.state(http_service.NAME) == ServiceState(installed=True, running=True)

    def test_a_service_manager_that_fails_midway_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
        import win32service

        def fail(_: object) -> None:
            raise win32service.error(6, "QueryServiceStatusEx", "The handle is invalid.")

        monkeypatch.setattr(win32service, "QueryServiceStatusEx", fail)  # as Wine does now and then
        with pytest.raises(OSError, match="The handle is invalid"):
            http_service.state(http_service.NAME)
