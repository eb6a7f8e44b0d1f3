"""Another Windows program on a port of http.sys, for tests: it answers everything below a path.

    python -m tests.support.http_sys.other_program 8080 / "the other site"

says `ready` when it answers, and does until its standard input ends.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from certify_challenge_http import httpapi
from certify_challenge_http.message import Answer
from certify_challenge_http.request_queue import Refused, RequestQueue

READY = "ready"
PROJECT = Path(__file__).parents[3]


@contextmanager
def other_program(port: int, path: str, says: str) -> Iterator[int]:
    """Run it as a process of its own while the block does; its process id."""
    command = [sys.executable, "-m", "tests.support.http_sys.other_program", str(port), path, says]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == READY
        try:
            yield process.pid
        finally:
            process.kill()


def main(port: str, path: str, says: str) -> None:
    """Answer until standard input ends."""
    queue = RequestQueue(f"http://+:{port}{path}", httpapi.load())
    Thread(target=_answer_all, args=(queue, says.encode()), daemon=True).start()
    print(READY, flush=True)
    sys.stdin.read()


def _answer_all(queue: RequestQueue, says: bytes) -> None:
    while True:
        try:
            queue.send(queue.receive().id, Answer(200, says))
        except Refused:
            continue


if __name__ == "__main__":
    main(*sys.argv[1:])
