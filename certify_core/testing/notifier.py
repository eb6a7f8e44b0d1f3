"""What every `Notifier` has to keep, as tests that a plugin author's test class inherits.

class TestMyNotifier(NotifierContract):
    @pytest.fixture
    def notifier(self):
        return MyNotifier()

    @pytest.fixture
    def parameters(self, server):
        return {"url": server.url}

    @pytest.fixture
    def taken(self, server):
        return lambda: [message.text for message in server.messages]

    @pytest.fixture
    def nowhere(self):
        return {"url": "http://127.0.0.1:1/"}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import BaseModel, JsonValue, ValidationError

from certify_core.api import CertifyError, Message, Notifier, Severity

MESSAGE = Message(
    "Certify on web1: a certificate for bücher.test failed",
    "ERROR: Nothing works.\nLine 2.\n→ Mend it.",
    Severity.ERROR,
)
LINES = ("ERROR: Nothing works.", "Line 2.", "→ Mend it.")


class NotifierContract:
    """Inherit, give `notifier`, `parameters`, `taken` and `nowhere`, and every test below has to pass."""

    @pytest.fixture
    def notifier(self) -> Notifier:
        """Return the notifier."""
        raise NotImplementedError("override the fixture `notifier`")

    @pytest.fixture
    def parameters(self) -> dict[str, JsonValue]:
        """Return parameters by which it reaches somebody who takes messages."""
        raise NotImplementedError("override the fixture `parameters`")

    @pytest.fixture
    def taken(self) -> Callable[[], Sequence[str]]:
        """Return what gives all messages that were taken, each as text that has subject and body in it."""
        raise NotImplementedError("override the fixture `taken`")

    @pytest.fixture
    def nowhere(self) -> dict[str, JsonValue]:
        """Return parameters by which nobody is reached."""
        raise NotImplementedError("override the fixture `nowhere`")

    def test_it_keeps_the_protocol(self, notifier: Notifier) -> None:
        assert isinstance(notifier, Notifier)
        assert issubclass(notifier.parameters, BaseModel)
        assert notifier.title.strip()

    def test_unknown_parameters_are_refused(self, notifier: Notifier, parameters: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            notifier.parameters.model_validate({**parameters, "unheard_of": 1})

    @pytest.mark.parametrize("severity", Severity)
    def test_a_message_arrives_whole(
        self, notifier: Notifier, parameters: dict[str, Any], taken: Callable[[], Sequence[str]], severity: Severity
    ) -> None:
        message = Message(MESSAGE.subject, MESSAGE.text, severity)
        notifier.send(message, notifier.parameters.model_validate(parameters))
        (received,) = taken()
        assert [line for line in (MESSAGE.subject, *LINES) if line not in received] == []

    def test_a_message_may_be_sent_again(
        self, notifier: Notifier, parameters: dict[str, Any], taken: Callable[[], Sequence[str]]
    ) -> None:
        for _ in range(2):
            notifier.send(MESSAGE, notifier.parameters.model_validate(parameters))
        assert len(taken()) == 2

    def test_threads_at_once_send_each_its_own(
        self, notifier: Notifier, parameters: dict[str, Any], taken: Callable[[], Sequence[str]]
    ) -> None:
        subjects = [f"Message number {number} of eight" for number in range(8)]

        def send(subject: str) -> None:
            notifier.send(Message(subject, "Text.", Severity.OK), notifier.parameters.model_validate(parameters))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(send, subjects))
        assert sorted(sum(subject in text for text in taken()) for subject in subjects) == [1] * 8

    def test_what_is_not_taken_is_an_error_with_a_remedy(self, notifier: Notifier, nowhere: dict[str, Any]) -> None:
        with pytest.raises(CertifyError) as failed:
            notifier.send(MESSAGE, notifier.parameters.model_validate(nowhere))
        assert (failed.value.cause != "", failed.value.remedy != "") == (True, True)
