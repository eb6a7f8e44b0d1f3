"""Metrics as Prometheus reads them."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from fastapi.routing import APIRoute

from certify_core.health.checkup import Checkup
from certify_core.health.watch import HealthWatch
from certify_core.service.routes.metrics import router
from tests.support.degraded import found, launched
from tests.support.issuing import issue
from tests.support.service import Service
from tests.support.wishes import wish

SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>[a-z]+=\"[^\"\\\n]*\")\})? (?P<value>[0-9.e+]+)$")


def metrics(service: Service) -> dict[tuple[str, str], float]:
    """Return the samples by name and label."""
    answer = service.call("GET", "/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = {}
    for line in answer.body.splitlines():
        if not line.startswith("#"):
            sample = SAMPLE.match(line)
            assert sample is not None, line
            samples[sample["name"], sample["labels"] or ""] = float(sample["value"])
    return samples


def test_certificates_are_counted_by_status(service: Service, name: str) -> None:
    before = metrics(service)["certify_certificates", 'status="healthy"']
    issue(service, wish(name))
    assert metrics(service)["certify_certificates", 'status="healthy"'] == before + 1


def test_the_first_end_is_told(idle: Service, name: str) -> None:
    certificate = issue(idle.start(), wish(name))
    ends = datetime.fromisoformat(certificate["issued"]["not_after"]).timestamp()
    assert metrics(idle)["certify_first_end_timestamp_seconds", ""] == ends


def test_findings_are_counted_by_severity(service: Service) -> None:
    findings = found(service)
    counted = metrics(service)["certify_health_findings", 'severity="error"']
    assert counted == sum(item["severity"] == "error" for item in findings.values())


def test_what_is_not_known_yet_is_told_as_zero_and_not_left_out() -> None:
    (route,) = router(HealthWatch(Checkup([])), lambda: None).routes
    assert isinstance(route, APIRoute)
    told = route.endpoint().body.decode().splitlines()
    assert {'certify_health_findings{severity="error"} 0.0', "certify_health_checked_timestamp_seconds 0.0"} <= set(
        told
    )


def test_every_family_has_help_and_type_before_its_samples(service: Service) -> None:
    lines = service.call("GET", "/metrics").body.splitlines()
    names = [line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")]
    for name in names:
        first = next(number for number, line in enumerate(lines) if line.startswith(name))
        assert lines[first - 1] == f"# TYPE {name} gauge"
        assert lines[first - 2].startswith(f"# HELP {name} ")


def test_a_service_that_does_not_work_says_so(idle: Service) -> None:
    (idle.data_dir / "master.key").write_bytes(b"short")
    launched(idle)
    told = metrics(idle)
    assert (told["certify_ready", ""], ("certify_certificates", 'status="healthy"') in told) == (0.0, False)


def test_a_service_that_works_says_so(service: Service) -> None:
    assert metrics(service)["certify_ready", ""] == 1.0


def test_strangers_get_no_metrics(service: Service) -> None:
    assert service.call("GET", "/metrics", token=None).status == 401


def test_the_rules_for_alerts_ask_for_metrics_that_there_are(service: Service, name: str) -> None:
    issue(service, wish(name))
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    asked = set(re.findall(r"expr: .*?(certify_\w+)", page))
    assert (len(asked), asked - {metric for metric, _ in metrics(service)}) == (3, set())
