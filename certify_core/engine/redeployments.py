"""Deploying the current certificate again because somebody asks for it, whatever became of it before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from certify_core.store import Store


class Redeployments:
    """Has deployments done again."""

    def __init__(
        self, store: Store, clock: Callable[[], float], rest: threading.Lock, submit: Callable[[str], None]
    ) -> None:
        """`rest` is held while something new is wanted; `submit` has a deployment done, again if it is under way."""
        self._store = store
        self._clock = clock
        self._rest = rest
        self._submit = submit

    def want(
        self, certificate_id: str, deployments: Collection[str] = (), accepted: Callable[[], None] = lambda: None
    ) -> None:
        """Deploy the current certificate again now, at these deployments or at all.

        `accepted` is called when that is durable and before anything follows.

        Raises:
            NotFound: there is no such certificate or deployment, or no certificate was issued yet.
            InvalidInput: it is deployed nowhere.
        """
        with self._rest:
            claimed = self._store.deployments.claim(certificate_id, deployments, self._clock())
            accepted()
        for deployment_id in claimed:
            self._submit(deployment_id)
