"""Long work for one request: in a thread of its own that keeps no service from ending.

The threads that the framework lends are waited for at the end of the process, however long a server takes to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_own_thread(work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises; if nobody waits any more, that is forgotten."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(how: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the service has ended
            loop.call_soon_threadsafe(lambda: None if answer.done() else how())

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            failure = error
            tell(lambda: answer.set_exception(failure))
        else:
            tell(lambda: answer.set_result(result))

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="patient", daemon=True).start()
    return await answer
