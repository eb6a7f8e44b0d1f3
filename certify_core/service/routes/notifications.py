"""`/api/notifications/channels`: how people are told what does not work. Addresses are never shown."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from certify_core.domain.notification import Channel, ChannelId, ChannelSettings
from certify_core.engine.parameters import masked_parameters
from certify_core.notifications.channels import ChannelKeeper
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.merge_patch import merged
from certify_core.service.problems import invalid_input
from certify_core.service.routes.views import iso
from certify_core.store import Store


class NewChannel(ChannelSettings):
    """A channel to be kept."""

    id: ChannelId


class ChangeChannel(BaseModel):
    """A change of a channel."""

    model_config = ConfigDict(extra="forbid")

    version: int
    """The version that was read; the change is refused if there is a newer one."""
    settings: dict[str, JsonValue]
    """The fields to change, merged into the stored ones (RFC 7396)."""


def router(store: Store, keeper: ChannelKeeper) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/notifications/channels", tags=["notifications"], route_class=StrictJsonRoute)

    @routes.get("")
    def list_channels() -> dict[str, list[Any]]:
        """List all channels, and how many messages wait for each."""
        waiting = store.outbox.counts()
        return {"channels": [_with_state(store, channel, waiting) for channel in store.channels.all()]}

    @routes.post("", status_code=201)
    def create(new: NewChannel) -> dict[str, Any]:
        """Tell by one more channel; it is sent a summary at once."""
        settings = ChannelSettings.model_validate(new.model_dump(exclude={"id"}))
        return _with_state(store, keeper.create(new.id, settings), {})

    @routes.get("/{channel_id}")
    def show(channel_id: str) -> dict[str, Any]:
        """Show a channel."""
        return _with_state(store, store.channels.get(channel_id), store.outbox.counts())

    @routes.patch("/{channel_id}")
    def change(channel_id: str, wish: ChangeChannel) -> dict[str, Any]:
        """Change a channel; what waits for it is sent by the new settings."""
        current = _document(store.channels.get(channel_id))
        known = {name: current[name] for name in ChannelSettings.model_fields}
        try:
            settings = ChannelSettings.model_validate(merged(known, wish.settings))
        except ValidationError as error:
            raise invalid_input(error) from None
        return _with_state(store, keeper.change(channel_id, wish.version, settings), store.outbox.counts())

    @routes.post("/{channel_id}/test")
    def test(channel_id: str) -> dict[str, str]:
        """Send a message that says that the channel works, now; a problem document says why it does not."""
        keeper.try_out(channel_id)
        return {"sent": channel_id}

    @routes.delete("/{channel_id}", status_code=204)
    def remove(channel_id: str) -> Response:
        """Remove a channel, and what waits for it."""
        store.channels.delete(channel_id)
        return Response(status_code=204)

    return routes


def _with_state(store: Store, channel: Channel, waiting: dict[str, int]) -> dict[str, Any]:
    first = store.outbox.first(channel.id) if waiting.get(channel.id) else None
    failure = first.failure if first else None
    return {**_document(channel), "waiting": waiting.get(channel.id, 0), "failure": failure and failure.model_dump()}


def _document(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "notifier": channel.notifier,
        "title": channel.title,
        "parameters": masked_parameters(channel.parameters),
        "credential": channel.credential,
        "least": channel.least,
        "summary": channel.summary,
        "enabled": channel.enabled,
        "version": channel.version,
        "created_at": iso(channel.created_at),
        "updated_at": iso(channel.updated_at),
    }
