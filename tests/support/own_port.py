"""A fixture for folders of tests whose orders are validated on a port of our own; their conftest.py imports it."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def port_is_not_shared() -> None:
    """Have the listener open its port itself on Windows: http.sys as Wine plays it loses one of several requests."""
    if os.name == "nt":
        from tests.support.http_sys.disabled import disable_http

        disable_http()
