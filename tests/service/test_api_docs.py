"""docs/api.md says what is so: its examples are sent to a running service, in their order, and the answers compared."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from certify_core.domain.keys import KeyType
from tests.support.accounts import opened_elsewhere
from tests.support.issuing import outcome_of
from tests.support.moving import EXPORT, IMPORT, export_of, import_into
from tests.support.pebble import Pebble
from tests.support.processes import installed
from tests.support.service import Answer, Service
from tests.support.waiting import eventually

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^```http\n(?P<method>[A-Z]+) (?P<path>\S+)\n(?:\n(?P<body>.*?))?^```$"
    r"(?:(?!^```).)*?^Answer `(?P<status>\d+)`(?:\.|:\n\n```(?:json|text)\n(?P<answer>.*?)^```)$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    """A request of the page and the answer that it promises."""

    method: str
    path: str
    body: str | None
    status: str
    answer: str | None


CLOSES_THE_STORE = {"/api/database/restore", "/api/database/recover"}
EXAMPLES = [Example(**match.groupdict()) for match in EXAMPLE.finditer(PAGE)]


class Reader:
    """Somebody who tries one example after the other, with names of this machine in the place of the page's."""

    def __init__(self, service: Service, real: dict[str, str]) -> None:
        self._service = service
        self._real = real
        self._key = self._file = b""

    def send(self, example: Example) -> Answer:
        """Send the request; wait for what it starts; know what is new by the page's name for it from then on."""
        if example.path.startswith((EXPORT, IMPORT)):
            return self._move(example)
        body = json.loads(self._translated(example.body)) if example.body else None
        before = self._recovered() if example.path in CLOSES_THE_STORE else None
        answer = self._service.call(example.method, self._translated(example.path), body)
        if example.path in CLOSES_THE_STORE:
            eventually(lambda: self._recovered() not in {None, before})
        if example.method == "POST" and isinstance(answer.body, dict):
            if "operation" in answer.body:
                outcome_of(self._service, answer.body["operation"])
            told = json.loads(example.answer or "{}")
            self._real |= {told[name]: answer.body[name] for name in ("id", "operation") if name in told}
            if "#" in told.get("url", ""):
                self._real[told["url"].partition("#")[2]] = answer.body["url"].partition("#")[2]
        return answer

    def _move(self, example: Example) -> Answer:
        """Have everything exported, and imported again, by the key that the page shows."""
        wish = json.loads(example.body or "") if example.path == EXPORT else None
        if wish is not None:
            self._key, self._file = base64.urlsafe_b64decode(wish["key"]), export_of(self._service, wish)
            return Answer(200, urllib3.HTTPHeaderDict(), None)
        return import_into(self._service, self._file, key=self._key, preview=True)

    def _recovered(self) -> str | None:
        """Return how the store was replaced last; None if it was not, or the service is just opening it."""
        try:
            recovery = self._service.call("GET", "/api/database").body["recovery"]
        except (urllib3.exceptions.HTTPError, KeyError):
            return None
        return str(recovery) if recovery else None

    def _translated(self, text: str) -> str:
        for name, real in self._real.items():
            text = text.replace(name, real)
        return text


@pytest.fixture
def reader(idle: Service, tmp_path: Path, pebble: Pebble) -> Reader:
    """A reader with a service, a folder, an authority, and an account there that another program has opened."""
    key = opened_elsewhere(pebble, KeyType.RSA_2048)
    return Reader(
        idle.configure(httpChallengeServerPort=pebble.http_port).start(),
        {
            r"-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n": json.dumps(key.to_pem())[1:-1],
            "/etc/nginx/tls": str(tmp_path / "tls"),
            "https://ca.internal/directory": pebble.directory,
            "/etc/ssl/internal-roots.pem": str(pebble.ca_bundle),
        },
    )


def shape(document: Any) -> Any:
    """Return a document with types in the place of values; of a list the first item speaks for all."""
    if isinstance(document, dict):
        return {key: shape(value) for key, value in document.items()}
    if isinstance(document, list):
        return [shape(item) for item in document[:1]]
    return type(document).__name__


def kinds(stream: str) -> list[str]:
    """Return the kinds of events in a stream."""
    return re.findall(r"^event: (.*)$", stream, re.MULTILINE)


def in_workable_order(examples: list[Example]) -> Iterator[Example]:
    """Yield what creates first and what deletes last, and all else as the page has it."""
    yield from sorted(examples, key=lambda example: example.method == "DELETE")


def matches(template: str, path: str) -> bool:
    """Whether a path is one of an OpenAPI template."""
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path) is not None


def test_every_example_is_answered_as_the_page_says(reader: Reader) -> None:
    for example in in_workable_order(EXAMPLES):
        answer = reader.send(example)
        assert (example.path, answer.status) == (example.path, int(example.status)), answer.body
        if example.path.endswith("/events"):
            assert kinds(answer.body) == kinds(example.answer or "")
        elif example.answer:
            assert (example.path, shape(answer.body)) == (example.path, shape(json.loads(example.answer)))


def test_every_operation_of_the_api_has_an_example_and_every_example_is_one(service: Service) -> None:
    paths = service.call("GET", "/api/openapi.json").body["paths"]
    operations = {(method.upper(), template) for template, methods in paths.items() for method in methods}
    shown = set()
    for example in EXAMPLES:
        path = example.path.partition("?")[0]
        templates = [template for template in paths if matches(template, path)]
        shown.add((example.method, path if path in paths else templates[0]))
    assert shown == operations


def test_the_curl_commands_work(service: Service) -> None:
    installed("curl", "curl")
    commands = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for command in commands:
        here = command.replace("/var/lib/certify", str(service.data_dir)).replace("http://localhost:9696", service.url)
        ended = subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=True)
        assert "detail" not in json.loads(ended.stdout)
    assert len(commands) == 2
