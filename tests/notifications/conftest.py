"""A store, a pager and channels to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_core.api import PluginContext
from certify_core.notifications.channels import ChannelKeeper
from certify_core.store import Store
from tests.support.notifiers import Pager, plugins_with
from tests.support.stores import open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store."""
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def pager() -> Pager:
    """A pager."""
    return Pager()


@pytest.fixture
def keeper(store: Store, pager: Pager, tmp_path: Path) -> ChannelKeeper:
    """Who keeps channels on a machine named web1."""
    return ChannelKeeper(store, plugins_with(pager, PluginContext(tmp_path)), "web1")
