"""A notifier that tests make up, and the parts around it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, SecretStr

from certify_core.api import Message, Notifier, PluginContext, hookimpl
from certify_core.plugins import Plugins
from tests.support.waiting import eventually


class PagerParameters(BaseModel):
    """What it asks for."""

    model_config = ConfigDict(extra="forbid")

    number: SecretStr
    region: str = "eu"


class Pager:
    """Keeps what it is given, or does what a test says."""

    name = "pager"
    title = "A pager"
    parameters = PagerParameters

    def __init__(self) -> None:
        self.taken: list[tuple[str, Message]] = []
        """Number and message."""
        self.hindrance: Callable[[str], None] = lambda number: None
        """Called with the number before a message is taken; it may raise or wait."""
        self._lock = threading.Lock()

    def send(self, message: Message, parameters: PagerParameters) -> None:
        """Take a message."""
        number = parameters.number.get_secret_value()
        self.hindrance(number)
        with self._lock:
            self.taken.append((number, message))

    def subjects(self, number: str = "1") -> list[str]:
        """Return the subjects of what was taken for a number."""
        with self._lock:
            return [message.subject.removeprefix("Certify on web1: ") for to, message in self.taken if to == number]

    def wait_for(self, number_of_messages: int, number: str = "1") -> list[str]:
        """Wait until so many messages were taken for a number; return their subjects."""
        eventually(lambda: len(self.subjects(number)) >= number_of_messages)
        return self.subjects(number)


def plugins_with(pager: Pager, context: PluginContext) -> Plugins:
    """Return plugins among which the pager is."""

    class Plugin:
        @hookimpl
        def certify_notifiers(self) -> list[Notifier]:
            return [pager]

    plugins = Plugins(context)
    plugins.register("pager", Plugin())
    return plugins
