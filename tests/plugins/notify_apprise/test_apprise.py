"""Apprise as a notifier: it keeps the contract by mail and by webhook, and lets no secret of an address out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from certify_core.api import LocalFault, Message, Notifier, Severity
from certify_core.testing.notifier import NotifierContract
from certify_notify_apprise.notifier import AppriseNotifier, AppriseParameters, masked
from tests.support.mail_server import PASSWORD, MailServer
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer

MESSAGE = Message("Certify on web1: something", "Text.", Severity.ERROR)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    with MailServer() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[ScriptedServer]:
    """A receiver of webhooks."""
    with ScriptedServer() as server:
        server.on("/hooks/2f6b9c", Reply(200))
        yield server


def hook_url(server: ScriptedServer) -> str:
    """Return Apprise's address of a receiver."""
    return f"{server.url.replace('http', 'json')}/hooks/2f6b9c"


class TestMail(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return AppriseNotifier()

    @pytest.fixture
    def parameters(self, mail: MailServer) -> dict[str, Any]:
        return {"url": mail.url}

    @pytest.fixture
    def taken(self, mail: MailServer) -> Callable[[], Sequence[str]]:
        return lambda: [f"{taken.subject}\n{taken.text}" for taken in mail.mails]

    @pytest.fixture
    def nowhere(self) -> dict[str, Any]:
        return {"url": f"mailto://user:pass1@127.0.0.1:{free_port()}?from=a@certify.test&to=ops@certify.test"}


class TestWebhook(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return AppriseNotifier()

    @pytest.fixture
    def parameters(self, hook: ScriptedServer) -> dict[str, Any]:
        return {"url": hook_url(hook)}

    @pytest.fixture
    def taken(self, hook: ScriptedServer) -> Callable[[], Sequence[str]]:
        def texts() -> list[str]:
            documents = [json.loads(request.body) for request in hook.requests("/hooks/2f6b9c")]
            return [f"{document['title']}\n{document['message']}" for document in documents]

        return texts

    @pytest.fixture
    def nowhere(self) -> dict[str, Any]:
        return {"url": f"json://127.0.0.1:{free_port()}/"}


def refused(url: str) -> LocalFault:
    """Return the error of a message that is not taken."""
    with pytest.raises(LocalFault) as fault:
        AppriseNotifier().send(MESSAGE, AppriseParameters.model_validate({"url": url}))
    return fault.value


def test_mail_goes_to_whom_the_address_names(mail: MailServer) -> None:
    AppriseNotifier().send(MESSAGE, AppriseParameters.model_validate({"url": mail.url}))
    assert [taken.to for taken in mail.mails] == [("ops@certify.test",)]


def test_a_mail_server_that_does_not_take_a_message_is_told_with_its_answer(mail: MailServer) -> None:
    mail.refusing = True
    assert "451" in refused(mail.url).cause


def test_a_webhook_that_answers_with_an_error_is_told_with_its_status(hook: ScriptedServer) -> None:
    hook.on("/hooks/2f6b9c", Reply(503))
    assert "503" in refused(hook_url(hook)).cause


def test_what_failed_is_told_without_the_secrets_of_the_address(hook: ScriptedServer, mail: MailServer) -> None:
    hook.on("/hooks/2f6b9c", Reply(404))
    mail.refusing = True
    told = str(refused(hook_url(hook))) + str(refused(mail.url))
    assert [secret for secret in ("2f6b9c", PASSWORD) if secret in told] == []


def test_the_address_is_in_no_repr() -> None:
    assert "2f6b9c" not in repr(AppriseParameters.model_validate({"url": "json://hooks.test/2f6b9c"}))


@pytest.mark.parametrize("url", ["", "nonsense", "gopher://somewhere.test/secret-word", "mailto://"])
def test_an_address_that_apprise_does_not_know_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        AppriseParameters.model_validate({"url": url})
    assert "secret-word" not in error.value.errors(include_input=False, include_url=False)[0]["msg"]


def test_all_of_an_address_but_its_host_is_masked() -> None:
    url = "jsons://user:p%40ssword@hooks.test:8443/T0001/B002?token=abcdef"
    text = "hooks.test said no to user with p@ssword (p%40ssword) at /T0001/B002?token=abcdef"
    assert masked(text, url) == (
        "hooks.test said no to ******** with p@ssword (********) at /********/********?********=********"
    ).replace("p@ssword", "********", 1)
