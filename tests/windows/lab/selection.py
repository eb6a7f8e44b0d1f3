"""A plugin of pytest, loaded on Windows Python alone: leaves out the tests that are listed in `posix_only`."""

from __future__ import annotations

import pytest

from tests.windows.lab.posix_only import POSIX_ONLY


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is listed; a line of the list that no test has any more is an error."""
    left_out = {item: key for item in items for key in POSIX_ONLY if item.nodeid.startswith(key)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]
    asked = tuple(argument.replace("\\", "/") for argument in config.args)
    useless = {key for key in POSIX_ONLY if key.startswith(asked)} - set(left_out.values())
    if useless:
        raise pytest.UsageError(f"No test is named like this any more: {sorted(useless)}")
