"""Which antivirus products are on this machine: by their processes, their services, and what Windows has been told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from certify_av_checks import security_center
from certify_av_checks.products import PRODUCTS, Product


@dataclass(frozen=True, slots=True)
class Present:
    """A product that is here."""

    product: Product
    signs: tuple[str, ...]
    """By what it was recognised, for people."""
    pids: tuple[int, ...]
    """Its processes."""


def present(products: Sequence[Product] = PRODUCTS) -> list[Present]:
    """Return the products that are on this machine."""
    processes = list(_processes())
    services = set(_running_services())
    registered = security_center.registered()
    found = []
    for product in products:
        own = [(name, pid) for name, pid in processes if name in product.processes]
        signs = (
            *(f"process {name} (pid {pid})" for name, pid in own),
            *(f"service {name}" for name in sorted(services & product.services)),
            *(f"{title} in the Windows Security Center" for title in registered if _is_registered(product, title)),
        )
        if signs:
            found.append(Present(product, signs, tuple(pid for _, pid in own)))
    return found


def _is_registered(product: Product, title: str) -> bool:
    return title.lower().startswith(product.registered_as)


def _processes() -> Iterator[tuple[str, int]]:
    import psutil

    for process in psutil.process_iter():
        try:
            yield process.name().lower(), process.pid
        except (psutil.Error, OSError):
            continue  # it has ended, or may not be asked


def _running_services() -> Iterable[str]:
    import psutil

    if not hasattr(psutil, "win_service_iter"):
        return
    for service in psutil.win_service_iter():
        try:
            if service.status() == "running":
                yield service.name().lower()
        except (psutil.Error, OSError):
            continue  # it was removed meanwhile, or may not be asked
