"""The service, made to die: it names every point of an order's way and kills itself at one of them.

    python -m tests.support.mortal_service DATA_DIR POINTS_FILE [POINT]

Every point that is passed is written to POINTS_FILE, one line each: the order's last committed state, and what comes
before or after it: a commit, a request to the authority, a file, an answer to a challenge, a deployment. With POINT
the process ends by SIGKILL where it passes that point first.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from certify_core.acme import OrderStatus
from certify_core.service.host import Host
from certify_core.service.servers import Server
from tests.support.breaking import break_at_end_of_input
from tests.support.killing import kill_this_process
from tests.support.service import BY_BREAK

QUIET = {
    *("key_authorization", "parameters", "get", "find", "urls", "client", "needs_eab", "close", "renewal_info"),
    *("all", "of", "unfinished", "users", "ordered_at", "issued_ids", "lacking", "owners", "keys_alone"),
    "remove_failed",
}
"""Calls that change nothing, or nothing of an order that is under way."""


class Points:
    """Names the points, and knows at which one to die."""

    def __init__(self, file: Path, fatal: str | None) -> None:
        self._file = file.open("a")
        self._fatal = fatal
        self._lock = threading.Lock()
        self.state = "new"
        """The state that was committed last."""

    def reach(self, name: str) -> None:
        """Note a point; the process may not survive it."""
        point = f"{self.state}: {name}"
        with self._lock:
            self._file.write(f"{point}\n")
            self._file.flush()
            if point == self._fatal:
                kill_this_process()


class Watched:
    """Stands in for an object and names a point before and after each of its calls."""

    def __init__(self, real: Any, name: str, points: Points) -> None:
        self._real = real
        self._name = name
        self._points = points

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._real, attribute)
        if not callable(value) or attribute in QUIET:
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self._points.reach(f"before {self._name}.{attribute}")
            result = value(*args, **kwargs)
            if attribute == "finalize":
                result = _still_processing(result)
            self._points.reach(f"after {self._name}.{attribute}")
            if self._name == "orders":
                self._points.state = "saved" if attribute == "complete" else args[0].state.value
            return result

        return call


def _still_processing(answer: OrderStatus) -> OrderStatus:
    """Return the answer of an authority that takes its time to sign, so that the order is always asked for again.

    Pebble is now and then so quick that its answer names the certificate: then that point would be reached by luck.
    """
    return replace(answer, status="processing", certificate=None)


def watch(host: Host, points: Points) -> None:
    """Put the stand-ins in place, before anything runs."""
    assert host.works is not None, host.state.start_failure
    store: Any = host.works.store
    for name in ("orders", "accounts", "assets", "deployments", "revocations"):
        setattr(store, name, Watched(getattr(store, name), name, points))
    connect = host.works.engine.accounts.connect
    client: Callable[..., Any] = lambda *args, **kwargs: Watched(connect(*args, **kwargs), "authority", points)  # noqa: E731
    host.works.engine.accounts.connect = client
    for registry in (host.plugins.challenge_providers, host.plugins.deployment_targets):
        items: dict[str, Any] = registry._items
        for name, item in items.items():
            items[name] = Watched(item, name, points)


def main() -> None:
    """Run the service until it is told to stop, or dies."""
    data_dir, file, *rest = sys.argv[1:]

    def tell(server: Server) -> None:
        print(f"Certify listens on {server.url}", flush=True)

    host = Host(Path(data_dir), overrides={"port": 0}, listening=tell)
    watch(host, Points(Path(file), rest[0] if rest else None))
    ending = getattr(signal, "SIGBREAK", signal.SIGTERM)
    signal.signal(ending, lambda *_: host.stop())
    if BY_BREAK:
        threading.Thread(target=break_at_end_of_input, daemon=True).start()
    host.run()


if __name__ == "__main__":
    main()
