"""The real service, many times over: each a process of its own, forked from one that has imported the program already.

A start is `certify serve` from its first line on; only its imports, most of what a start takes, are not made again. On
Windows, where nothing is forked, it is made whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import entry_points
from multiprocessing import get_context
from pathlib import Path

from certify_core.cli.main import cli
from tests.support.service import Service

LATE = (
    "alembic.config",
    "certify_core.cli.serve",
    "certify_core.service.app",
    "certify_core.service.host",
    "certify_core.service.web",
    "uvicorn.lifespan.off",
    "uvicorn.loops.auto",
    "pydantic.v1",
    "sqlalchemy.dialects.sqlite",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvloop",
)
"""Modules that a start imports when it needs them."""


def import_program() -> None:
    """Import what a service imports, in the process of which services are forked; it may have one thread alone."""
    for module in LATE:
        import_module(module)
    for plugin in entry_points(group="certify.plugins"):
        plugin.load()


@contextmanager
def forked_service(data_dir: Path) -> Iterator[Service]:
    """Give a service that listens, and kill it as a power cut would.

    Raises:
        AssertionError: it ended before it listened.
    """
    if os.name == "nt":
        with _started(data_dir) as service:
            yield service
        return
    heard, said = os.pipe()
    process = get_context("fork").Process(target=_serve, args=(data_dir, said))
    process.start()
    os.close(said)
    try:
        with os.fdopen(heard) as output:
            line = output.readline()
            assert line.startswith("Certify listens on "), line
            service = Service(data_dir)
            service.reach(line.removeprefix("Certify listens on ").strip())
            yield service
    finally:
        process.kill()
        process.join()


@contextmanager
def _started(data_dir: Path) -> Iterator[Service]:
    service = Service(data_dir)
    try:
        yield service.start()
    finally:
        service.kill()


def _serve(data_dir: Path, said: int) -> None:
    os.dup2(said, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    cli(["serve", "--data-dir", str(data_dir), "--port", "0"])
