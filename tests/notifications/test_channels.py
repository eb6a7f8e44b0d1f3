"""Channels are checked before they are kept, and what is secret in them is sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from certify_core.api import CertifyError, Conflict, InvalidInput, NotFound, PluginContext, PluginFailed
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.notification import ChannelSettings
from certify_core.engine.credentials import StoredCredentials
from certify_core.notifications.channels import ChannelKeeper
from certify_core.store import Store
from tests.support.notifiers import Pager, plugins_with
from tests.support.stores import NOW, stored_bytes


def paging(number: str = "1", **others: Any) -> ChannelSettings:
    """Return settings of a channel to a number."""
    return ChannelSettings(**{"notifier": "pager", "parameters": {"number": number}, **others})


def test_a_channel_that_works_can_be_tried(keeper: ChannelKeeper, pager: Pager) -> None:
    keeper.create("ops", paging())
    keeper.try_out("ops")
    assert pager.subjects() == ["this channel works"]


def test_the_secret_of_a_channel_is_sealed(keeper: ChannelKeeper, tmp_path: Path) -> None:
    keeper.create("ops", paging("0800-secret"))
    assert b"0800-secret" not in stored_bytes(tmp_path)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"notifier": "smoke-signals"}, "notifier"),
        ({"parameters": {}}, "parameters.number"),
        ({"parameters": {"number": "1", "colour": "red"}}, "parameters.colour"),
        ({"parameters": {"number": "********"}}, "parameters.number"),
        ({"credential": "nobodys"}, "credential"),
    ],
)
def test_what_is_wrong_with_a_channel_is_named(keeper: ChannelKeeper, settings: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        keeper.create("ops", paging(**settings))
    assert error.value.field == field


def test_an_id_is_given_once(keeper: ChannelKeeper) -> None:
    keeper.create("ops", paging())
    with pytest.raises(Conflict):
        keeper.create("ops", paging())


def test_the_mask_keeps_the_secret_that_there_is(keeper: ChannelKeeper, pager: Pager) -> None:
    keeper.create("ops", paging("7"))
    keeper.change("ops", 1, ChannelSettings(notifier="pager", parameters={"number": "********", "region": "us"}))
    keeper.try_out("ops")
    assert pager.subjects("7") == ["this channel works"]


def test_a_change_of_what_somebody_else_has_changed_is_refused(keeper: ChannelKeeper) -> None:
    keeper.create("ops", paging())
    keeper.change("ops", 1, paging("2"))
    with pytest.raises(Conflict):
        keeper.change("ops", 1, paging("3"))


def test_a_channel_may_take_its_secret_from_a_stored_credential(
    keeper: ChannelKeeper, store: Store, pager: Pager, tmp_path: Path
) -> None:
    credentials = StoredCredentials(store, plugins_with(pager, PluginContext(tmp_path)), lambda: NOW)
    credentials.create("duty", CredentialSettings(provider="pager", parameters={"number": "5"}))
    keeper.create("ops", ChannelSettings(notifier="pager", credential="duty"))
    keeper.try_out("ops")
    assert (pager.subjects("5"), store.credentials.users("duty")) == (["this channel works"], ["the channel ops"])
    with pytest.raises(Conflict, match="the channel ops"):
        store.credentials.delete("duty")


def test_what_a_notifier_did_not_foresee_is_told_without_its_text(keeper: ChannelKeeper, pager: Pager) -> None:
    def fail(number: str) -> None:
        raise RuntimeError(f"no answer from {number}")

    pager.hindrance = fail
    keeper.create("ops", paging("0800-secret"))
    with pytest.raises(PluginFailed) as error:
        keeper.try_out("ops")
    assert ("RuntimeError" in str(error.value), "0800-secret" in str(error.value)) == (True, False)


def test_a_channel_that_is_not_there_cannot_be_tried(keeper: ChannelKeeper) -> None:
    with pytest.raises(NotFound):
        keeper.try_out("ops")


def test_a_channel_is_removed_with_what_waits_for_it(keeper: ChannelKeeper, store: Store) -> None:
    keeper.create("ops", paging())
    store.channels.delete("ops")
    assert store.channels.all() == []
    with pytest.raises(CertifyError):
        store.channels.delete("ops")


def test_a_new_master_key_seals_channels_anew(keeper: ChannelKeeper, store: Store, pager: Pager) -> None:
    before = keeper.create("ops", paging("9")).parameters
    store.rotation.rotate()
    assert store.channels.get("ops").parameters != before
    keeper.try_out("ops")
    assert pager.subjects("9") == ["this channel works"]
