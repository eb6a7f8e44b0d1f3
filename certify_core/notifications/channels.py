"""Channels: checked against the notifier they name, sealed, tried, and opened for the notifier alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from pydantic import BaseModel, JsonValue

from certify_core.contracts import Notifier
from certify_core.domain.letters import trial
from certify_core.domain.notification import Channel, ChannelSettings, Message
from certify_core.engine.credentials import Credentials, with_credential
from certify_core.engine.parameters import seal
from certify_core.errors import CertifyError, PluginFailed
from certify_core.plugins import Plugins, parse_parameters
from certify_core.store import Store


class ChannelKeeper:
    """What the faces ask for, and the way to a channel's notifier."""

    def __init__(self, store: Store, plugins: Plugins, machine: str, clock: Callable[[], float] = time.time) -> None:
        """`machine` is the name by which people know this one."""
        self._store = store
        self._plugins = plugins
        self._machine = machine
        self._clock = clock

    def create(self, channel_id: str, settings: ChannelSettings) -> Channel:
        """Tell by one more channel.

        Raises:
            InvalidInput: names the first wrong field.
            Conflict: the id is taken.
        """
        return self._store.channels.create(channel_id, self.checked(settings, {}), self._clock())

    def change(self, channel_id: str, version: int, settings: ChannelSettings) -> Channel:
        """Replace a channel that still has `version`; a masked secret stays as it is.

        Raises:
            InvalidInput: names the first wrong field.
            Conflict: somebody else changed it first.
        """
        current = self._store.channels.get(channel_id)
        known = current.parameters if current.notifier == settings.notifier else {}
        return self._store.channels.update(channel_id, version, self.checked(settings, known), self._clock())

    def try_out(self, channel_id: str) -> None:
        """Send a message that says that the channel works, now.

        Raises:
            NotFound: there is no such channel.
            CertifyError: it does not work.
        """
        self.send(self._store.channels.get(channel_id), trial(self._machine))

    def send(self, channel: Channel, message: Message) -> None:
        """Send a message by a channel.

        Raises:
            CertifyError: it was not taken.
        """
        notifier = self._plugins.notifiers.get(channel.notifier, field="notifier")
        parameters = self._parameters(channel, notifier)
        try:
            notifier.send(message, parameters)
        except CertifyError:
            raise
        except Exception as error:
            # Neither its text nor its trace: a stranger's error may hold the secret of the address.
            raise PluginFailed(
                f"The notifier {channel.notifier} raised {type(error).__name__}.", "Tell the author of the plugin."
            ) from None

    def checked(
        self,
        settings: ChannelSettings,
        current: Mapping[str, JsonValue],
        credentials: Credentials | None = None,
    ) -> ChannelSettings:
        """Return settings fit to be stored: the notifier exists, every parameter fits, secrets are sealed.

        A masked secret is taken from the `current` parameters; `credentials` are others than those in the store.

        Raises:
            InvalidInput: names the first wrong field.
        """
        notifier = self._plugins.notifiers.get(settings.notifier, field="notifier")
        sealed = seal(self._store.vault, notifier.parameters, settings.parameters, current, field="parameters")
        checked = settings.model_copy(update={"parameters": sealed})
        self._parameters(checked, notifier, credentials)
        return checked

    def _parameters(
        self, settings: ChannelSettings, notifier: Notifier, credentials: Credentials | None = None
    ) -> BaseModel:
        values = with_credential(
            self._store.vault,
            credentials or self._store.credentials,
            settings.credential,
            settings.notifier,
            settings.parameters,
            field="credential",
        )
        return parse_parameters(notifier.parameters, values, field="parameters")
