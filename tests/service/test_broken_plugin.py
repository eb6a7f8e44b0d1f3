"""A plugin that does not load, or that raises what nobody foresaw, is shown as what it is; the service goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from certify_core.service.problems import install as install_problems
from tests.support.issuing import issue
from tests.support.service import Service
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, wish

METADATA = "Metadata-Version: 2.1\nName: certify-{name}\nVersion: 1.2\n"
UNLOADABLE = "raise RuntimeError('the licence has expired')\n"
UNRELIABLE = '''
"""A target that raises what it should not."""

from pydantic import BaseModel

from certify_core.api import hookimpl


class Parameters(BaseModel):
    pass


class Target:
    name = "unreliable"
    title = "Raises"
    parameters = Parameters

    def plan(self, bundle, parameters):
        raise KeyError("hunter2")

    def apply(self, bundle, parameters):
        raise SystemExit("enough")

    def verify(self, bundle, parameters):
        pass


@hookimpl
def certify_deployment_targets(context):
    return [Target()]
'''


def install(folder: Path, name: str, source: str) -> None:
    """Put an installed plugin into a folder that Python searches."""
    information = folder / f"certify_{name}-1.2.dist-info"
    information.mkdir(parents=True)
    (folder / f"certify_{name}.py").write_text(source)
    (information / "METADATA").write_text(METADATA.format(name=name))
    (information / "entry_points.txt").write_text(f"[certify.plugins]\n{name} = certify_{name}\n")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with two plugins that are no good."""
    plugins = tmp_path_factory.mktemp("plugins")
    install(plugins, "unloadable", UNLOADABLE)
    install(plugins, "unreliable", UNRELIABLE)
    data = tmp_path_factory.mktemp("service") / "data"
    running = Service(data, environment={"PYTHONPATH": str(plugins)}).start()
    yield running
    running.close()


@pytest.fixture
def certificate(service: Service, name: str) -> dict[str, Any]:
    """A certificate that was issued and cannot be deployed."""
    return issue(service, wish(name, id=name, deployments=[{"target": "unreliable"}]))


def plugin(service: Service, name: str) -> dict[str, Any]:
    """Return what the API says of a plugin."""
    (found,) = [item for item in service.call("GET", "/api/plugins").body["plugins"] if item["name"] == name]
    return dict(found)


async def answer_of(app: FastAPI) -> list[MutableMapping[str, Any]]:
    """Return what an application sends to who asks for its root; the error that it then raises is for the server."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    with suppress(KeyError):
        await app({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}, receive, send)
    return sent


def test_a_plugin_that_does_not_load_is_shown_with_its_error(service: Service) -> None:
    assert plugin(service, "unloadable") == {
        "name": "unloadable",
        "module": "certify_unloadable",
        "distribution": "certify-unloadable",
        "version": "1.2",
        "error": "RuntimeError: the licence has expired",
        "offers": [],
    }


def test_the_others_are_shown_with_what_they_offer(service: Service) -> None:
    assert (plugin(service, "deploy_files")["error"], plugin(service, "deploy_files")["offers"]) == (
        None,
        ["deployment_targets:files"],
    )


def test_certificates_are_issued_beside_a_plugin_that_does_not_load(service: Service, name: str) -> None:
    assert issue(service, wish(name))["status"] == "healthy"


def test_a_target_that_ends_the_program_is_a_failed_deployment(certificate: dict[str, Any]) -> None:
    (place,) = certificate["deployments"]
    assert (certificate["status"], place["status"], "SystemExit" in place["failure"]["cause"]) == (
        "warning",
        "failed",
        True,
    )


def test_a_target_that_raises_what_nobody_foresaw_is_a_failure_of_its_place(
    service: Service, certificate: dict[str, Any]
) -> None:
    answer = service.call("GET", f"{CERTIFICATES}/{certificate['id']}/plan")
    (failure,) = [place["failure"] for place in answer.body["deployments"]]
    assert (answer.status, "KeyError" in failure["cause"], failure["step"]) == (200, True, "plan")


def test_what_nobody_foresaw_is_a_problem_that_points_to_the_log() -> None:
    app = FastAPI()
    install_problems(app)

    @app.get("/")
    def unreliable() -> None:
        raise KeyError("hunter2")

    start, body = asyncio.run(answer_of(app))
    problem = json.loads(body["body"])
    assert (start["status"], dict(start["headers"])[b"content-type"]) == (500, b"application/problem+json")
    assert "KeyError" in problem["detail"]
    assert "service.exceptions.log" in problem["remedy"]
    assert "hunter2" not in str(problem)


def test_the_log_has_the_trace_of_what_nobody_foresaw(service: Service, certificate: dict[str, Any]) -> None:
    service.call("GET", f"{CERTIFICATES}/{certificate['id']}/plan")
    log = service.data_dir / "logs" / "service.exceptions.log"
    eventually(lambda: "certify_unreliable.py" in log.read_text())  # it is written after the answer


def test_the_service_answers_after_what_nobody_foresaw(service: Service, certificate: dict[str, Any]) -> None:
    service.call("GET", f"{CERTIFICATES}/{certificate['id']}/plan")
    assert service.call("GET", CERTIFICATES).status == 200
