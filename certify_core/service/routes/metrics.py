"""`/metrics`: how the service is doing, as Prometheus reads it (text format 0.0.4).

Nothing is counted along the way: every number is looked up when somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from certify_core import __version__
from certify_core.domain.certificate import Status
from certify_core.domain.finding import Severity
from certify_core.health.watch import HealthWatch
from certify_core.store import Store

if TYPE_CHECKING:
    from prometheus_client import Metric

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FAR = float("inf")


def router(watch: HealthWatch, store: Callable[[], Store | None]) -> APIRouter:
    """Return the route; `store` gives None while the service does not do its work."""
    routes = APIRouter(tags=["health"])

    @routes.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Show metrics for Prometheus."""
        from prometheus_client import CollectorRegistry, generate_latest  # 60 ms that a start does not need

        registry = CollectorRegistry()
        registry.register(_Collector(watch, store()))
        return Response(generate_latest(registry), media_type=MEDIA_TYPE)

    return routes


class _Collector:
    """Looks the numbers up, once."""

    def __init__(self, watch: HealthWatch, store: Store | None) -> None:
        self._watch = watch
        self._store = store

    def describe(self) -> list[Metric]:
        """Say nothing beforehand: otherwise all would be looked up twice."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give every family."""
        yield _gauge("certify_build_info", "The version that runs.", {__version__: 1.0}, label="version")
        yield _gauge("certify_ready", "Whether certificates are looked after.", {"": float(self._store is not None)})
        report = self._watch.report
        # Before the first check too: a rule for an alert has nothing to look at where a metric is missing.
        found = Counter(finding.severity for finding in report.findings) if report else Counter[Severity]()
        by_severity = {severity.value: float(found[severity]) for severity in Severity}
        told = "Findings of the last health check; none before the first one."
        yield _gauge("certify_health_findings", told, by_severity, label="severity")
        told = "When health was checked last; 0 before the first time."
        yield _gauge("certify_health_checked_timestamp_seconds", told, {"": report.checked_at if report else 0.0})
        if self._store is not None:
            yield from _of_certificates(self._store)


def _of_certificates(store: Store) -> Iterator[Metric]:
    counted = store.certificates.count_by_status()
    by_status = {status.value: float(counted.get(status, 0)) for status in Status}
    yield _gauge("certify_certificates", "Managed certificates.", by_status, label="status")
    if earliest := store.inspection.ending(_FAR, 1):
        told = "When the first of all certificates ends."
        yield _gauge("certify_first_end_timestamp_seconds", told, {"": earliest[0][2]})


def _gauge(name: str, told: str, samples: dict[str, float], *, label: str = "") -> Metric:
    """Return a family with one sample for each value of its label, or with one that has none."""
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, told, labels=[label] if label else [])
    for value, sample in samples.items():
        family.add_metric([value] if label else [], sample)
    return family
