"""Certificates per second and client CPU per certificate, beside a thread pool over the `acme` library.

Both ask the same Pebble in the same run. Ours saves every step: key, order, challenges, certificate; the peer saves
nothing. The client's CPU is all that its process uses, its http-01 answers included.
"""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from benchmarks.filling import fill_with_wanted
from benchmarks.peer import issue_with_library
from benchmarks.result import Result
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.waiting import eventually

CERTIFICATES = 400
PEER_CERTIFICATES = 150
PEER_THREADS = 40


@dataclass(frozen=True)
class Measured:
    """What a run took."""

    per_second: float
    cpu_ms: float
    """CPU milliseconds for each certificate."""


def run(folder: Path) -> list[Result]:
    """Measure ours and the peer's, in turn."""
    with Pebble(folder / "pebble") as pebble:
        peer = _peer(pebble)
        ours = _ours(folder / "data", pebble)
    speed = ours.per_second / peer.per_second
    cpu = ours.cpu_ms / peer.cpu_ms
    return [
        Result("certificates through the service", f"{ours.per_second:.0f}/s", "≥ 60/s", ours.per_second >= 60),
        Result("its CPU per certificate", f"{ours.cpu_ms:.1f} ms", "≤ 12 ms", ours.cpu_ms <= 12),
        Result("certificates with acme in a thread pool", f"{peer.per_second:.0f}/s"),
        Result("its CPU per certificate", f"{peer.cpu_ms:.1f} ms"),
        Result("ours against the peer", f"{speed:.1f} times the speed, {cpu:.2f} times the CPU"),
    ]


def _ours(data_dir: Path, pebble: Pebble) -> Measured:
    service = Service(data_dir).configure(httpChallengeServerPort=pebble.http_port).start()
    try:
        # They are put into the database of the running service; the first one asked of its API wakes it for all.
        fill_with_wanted(data_dir, [_wish(pebble, number) for number in range(1, CERTIFICATES)])
        process = psutil.Process(service.pid)
        used_before, began = _cpu(process), time.perf_counter()
        service.call("POST", "/api/managedcertificates", _wish(pebble, 0))
        eventually(lambda: _healthy(service) >= CERTIFICATES, within=120, every=0.2)
        seconds = time.perf_counter() - began
        used = _cpu(process) - used_before
    finally:
        service.close()
    return Measured(CERTIFICATES / seconds, used / CERTIFICATES * 1000)


def _wish(pebble: Pebble, number: int) -> dict[str, Any]:
    return {
        "identifiers": [f"ours{number}.example.test"],
        "authority": pebble.directory,
        "ca_bundle": str(pebble.ca_bundle),
    }


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _healthy(service: Service) -> int:
    count: int = service.call("GET", "/api/managedcertificates/summary").body.get("healthy", 0)
    return count


def _peer(pebble: Pebble) -> Measured:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_run_peer, args=(there, pebble.directory, str(pebble.ca_bundle), pebble.http_port))
    process.start()
    seconds, cpu = here.recv()
    process.join()
    return Measured(PEER_CERTIFICATES / seconds, cpu / PEER_CERTIFICATES * 1000)


def _run_peer(result: Connection, directory: str, ca_bundle: str, http_port: int) -> None:
    began, used = time.perf_counter(), time.process_time()
    issue_with_library(directory, ca_bundle, http_port, PEER_CERTIFICATES, PEER_THREADS)
    result.send((time.perf_counter() - began, time.process_time() - used))
