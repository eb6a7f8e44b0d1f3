"""Authorities with rate limits: one that a plugin declares with limits as small as a test wants, one that says 429."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.chaos_proxy import ChaosProxy
from tests.support.pebble import Pebble
from tests.support.scripted_server import Received, Reply

NAME = "certify_limited"
PLUGIN = """
import json
from pathlib import Path
from certify_core.api import AcmeAuthority, Limit, LimitKind, hookimpl

@hookimpl
def certify_authorities(context):
    told = json.loads(Path(__file__).with_name("limited.json").read_text())
    limits = tuple(Limit(LimitKind(kind), *numbers) for kind, numbers in told.pop("limits").items())
    return [AcmeAuthority(id="limited", title="Limited CA", limits=limits, **told)]
"""


def limited_plugin(folder: Path, pebble: Pebble, limits: Mapping[str, tuple[int, float]]) -> dict[str, str]:
    """Install a plugin with the authority `limited`; return the environment in which a service finds it.

    `limits` are count and window in seconds by the kind of limit.
    """
    information = folder / f"{NAME}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[certify.plugins]\nlimited = {NAME}\n")
    (folder / f"{NAME}.py").write_text(PLUGIN)
    told = {"directory": pebble.directory, "ca_bundle": str(pebble.ca_bundle), "limits": limits}
    (folder / "limited.json").write_text(json.dumps(told))
    return {"PYTHONPATH": str(folder)}


class RefusingAuthority(ChaosProxy):
    """A Pebble that refuses orders for some names as a test says, and passes on all others."""

    def __init__(self, folder: Path, pebble: Pebble) -> None:
        super().__init__(folder, pebble.directory, pebble.ca_bundle)
        self.refusals: dict[str, Reply] = {}
        """By name: what comes of the next order for it."""
        self.ordered: list[str] = []
        """The first name of every order."""
        self._later: dict[tuple[str, int], Reply] = {}

    def refuse_number(self, name: str, number: int, reply: Reply) -> None:
        """Refuse the order of this number for a name, the first one being 1."""
        self._later[name, number] = reply

    def instead(self, path: str, body: bytes) -> Reply | None:
        """Refuse an order once."""
        if path != "/order-plz":
            return None
        payload: dict[str, Any] = Received("POST", path, {}, body).signed("payload")
        name = payload["identifiers"][0]["value"]
        later = self._later.pop((name, self.ordered.count(name) + 1), None)
        refusal = later or self.refusals.pop(name, None)
        if refusal is not None:
            self.ordered.append(name)
        return refusal

    def passed_on(self, path: str, body: bytes) -> bytes:
        """Count an order that was taken; one that was refused for its nonce is sent again and was none."""
        if path == "/order-plz":
            document = json.loads(body)
            self.ordered += [item["value"] for item in document.get("identifiers", ())[:1]]
        return body
