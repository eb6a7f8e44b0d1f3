"""`/metrics`: how the service is doing, as Prometheus reads it (text format 0.0.4).

Written by hand: a few numbers that are looked up when somebody asks need no library that counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from fastapi import APIRouter, Response

from certify_core import __version__
from certify_core.domain.certificate import Status
from certify_core.domain.finding import Severity
from certify_core.health.watch import HealthWatch
from certify_core.store import Store

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FAR = float("inf")

Sample = tuple[dict[str, str], float]


def router(watch: HealthWatch, store: Callable[[], Store | None]) -> APIRouter:
    """Return the route; `store` gives None while the service does not do its work."""
    routes = APIRouter(tags=["health"])

    @routes.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Show metrics for Prometheus."""
        return Response("".join(_families(watch, store())), media_type=MEDIA_TYPE)

    return routes


def _families(watch: HealthWatch, store: Store | None) -> Iterable[str]:
    yield _family("certify_build_info", "The version that runs.", [({"version": __version__}, 1)])
    yield _family("certify_ready", "Whether certificates are looked after.", [({}, store is not None)])
    if (report := watch.report) is not None:
        found = Counter(finding.severity for finding in report.findings)
        samples = [({"severity": severity.value}, float(found[severity])) for severity in Severity]
        yield _family("certify_health_findings", "Findings of the last health check.", samples)
        told = "When health was checked last."
        yield _family("certify_health_checked_timestamp_seconds", told, [({}, report.checked_at)])
    if store is not None:
        counted = store.certificates.count_by_status()
        samples = [({"status": status.value}, float(counted.get(status, 0))) for status in Status]
        yield _family("certify_certificates", "Managed certificates.", samples)
        if earliest := store.inspection.ending(_FAR, 1):
            told = "When the first of all certificates ends."
            yield _family("certify_first_end_timestamp_seconds", told, [({}, earliest[0][2])])


def _family(name: str, told: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {told}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        written = ",".join(f'{key}="{text}"' for key, text in labels.items())
        lines.append(f"{name}{{{written}}} {float(value)!r}" if written else f"{name} {float(value)!r}")
    return "\n".join(lines) + "\n"
