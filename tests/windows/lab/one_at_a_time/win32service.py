"""pywin32's module of this name, for Wine: two threads that call it at once spoil each other's handles there (error 6).

Here one call is made after the other. Windows needs none of this, and what is installed there has none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

_calling = threading.Lock()


def _one_at_a_time(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def made(*arguments: Any, **named: Any) -> Any:
        with _calling:
            return call(*arguments, **named)

    return made


for _name, _value in vars(import_module("win32.win32service")).items():
    if not _name.startswith("__"):
        globals()[_name] = _one_at_a_time(_value) if callable(_value) and not isinstance(_value, type) else _value
