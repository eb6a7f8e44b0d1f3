"""What tells a process in the foreground to end: Ctrl-C, SIGTERM, and Ctrl+Break where there is one."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


def on_interruption(act: Callable[[], None]) -> None:
    """Call this instead of ending at once; from the main thread alone."""
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: act())


def wait_for_interruption(ready: Callable[[], None]) -> None:
    """Wait for one; `ready` is called as soon as it would be heard.

    By an event loop: on some systems no signal is handled while a lock is waited for.
    """
    asyncio.run(_interruption(ready))


async def _interruption(ready: Callable[[], None]) -> None:
    loop, interrupted = asyncio.get_running_loop(), asyncio.Event()

    def interrupt() -> None:
        if not loop.is_closed():  # the first one has been heard
            loop.call_soon_threadsafe(interrupted.set)

    on_interruption(interrupt)
    ready()
    await interrupted.wait()
