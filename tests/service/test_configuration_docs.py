"""docs/configuration.md says what is so: every example fits the schema and is applied, every command is run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from certify_core.configuration.applying import Configuration, Wishes
from certify_core.configuration.lookup import with_secrets
from certify_core.configuration.reading import read
from certify_core.configuration.schema import json_schema
from certify_core.configuration.text import parse_json, parse_yaml
from certify_core.configuration.toml_text import parse_toml
from certify_core.contracts import PluginContext
from certify_core.domain.credential import CredentialSettings
from certify_core.engine.engine import Engine
from certify_core.plugins import Plugins
from certify_core.service.settings import ServiceConfig
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.stores import open_store

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "configuration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(yaml|toml|json)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = [(form, text) for form, text in BLOCKS if "kind" in text]
SETTINGS = [json.loads(text) for form, text in BLOCKS if "kind" not in text]
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
PARSERS = {"yaml": parse_yaml, "toml": parse_toml, "json": parse_json}
VARIABLES = dict.fromkeys(("PFX_PASSWORD", "CCS_PASSWORD", "ZEROSSL_HMAC"), "c2VzYW1l") | {
    "OPS_MAIL": "mailto://user:password@example.com"
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with all installed plugins, that does not run, and the credential that some examples use."""
    with open_store(tmp_path) as store:
        (tmp_path / "logs").mkdir()
        engine = Engine(store, Plugins.load(PluginContext(tmp_path)), tmp_path / "logs")
        pfx = CredentialSettings(provider="files", parameters={"pfx": "certificate.pfx"})
        engine.credentials.create("pfx", pfx)
        yield engine
        engine.stop(0.0)


def translated(text: str, tmp_path: Path, pebble: Pebble) -> str:
    """Return an example with things of this machine in the place of the page's."""
    (tmp_path / "secret").write_text("sesame\n")
    return (
        text.replace("https://ca.example.com/directory", pebble.directory)
        .replace("/etc/ssl/house-roots.pem", str(pebble.ca_bundle))
        .replace("/run/secrets/pfx", str(tmp_path / "secret"))
        .replace("[pass, show, web/pfx]", "[echo, sesame]")
    )


@pytest.mark.parametrize(("form", "text"), EXAMPLES)
def test_every_example_is_applied(form: str, text: str, engine: Engine, tmp_path: Path, pebble: Pebble) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / f"example.{form}").write_text(translated(text, tmp_path, pebble), encoding="utf-8")
    reading = with_secrets(read(folder), folder, VARIABLES)
    assert reading.problems == []
    configuration = Configuration(engine)
    wishes = Wishes(source=str(folder), documents=reading.documents, force=True)
    if "authority: zerossl" in text:
        assert [step.action for step in configuration.plan(wishes).steps] == ["create"]
        return  # nothing outside this machine is asked
    assert [step.failure for step in configuration.apply(wishes).steps if step.failure] == []
    assert {step.action for step in configuration.apply(wishes).steps} == {"unchanged"}


@pytest.mark.parametrize(("form", "text"), EXAMPLES)
def test_every_example_fits_the_schema(form: str, text: str, engine: Engine) -> None:
    schema = jsonschema_rs.validator_for(json_schema(engine.plugins))
    for document in PARSERS[form](text):
        schema.validate(document.value)


def test_the_published_schema_is_that_of_the_built_in_plugins(engine: Engine) -> None:
    assert json.loads((DOCS / "certify.schema.json").read_text("utf-8")) == json_schema(engine.plugins)


def test_every_parameter_of_every_challenge_and_target_is_in_an_example(engine: Engine) -> None:
    texts = [text for _, text in EXAMPLES]
    for by, registry in (
        ("provider", engine.plugins.challenge_providers),
        ("target", engine.plugins.deployment_targets),
    ):
        for plugin in registry:
            about = "".join(text for text in texts if f"{by}: {plugin.name}\n" in text)
            assert [name for name in plugin.parameters.model_fields if f" {name}: " not in about] == []


def test_every_command_is_run(tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "certify"
    folder.mkdir(parents=True)
    (folder / "shop.yaml").write_text(
        EXAMPLES[0][1]
        .replace("letsencrypt", "local")
        .replace("example.com", "localhost")
        .replace("/etc/", f"{tmp_path}/etc/")
        .replace("systemctl reload nginx", "sleep 0")
    )
    service = Service(tmp_path / "data").configure().start()
    try:
        for command in COMMANDS:
            ended = service.certify(*shlex.split(command.replace("/etc/", f"{tmp_path}/etc/"))[1:])
            assert (command, ended.code) == (command, 0), ended.err
    finally:
        service.close()
    assert len(COMMANDS) == 5


def test_the_settings_of_the_page_are_settings() -> None:
    (settings,) = SETTINGS
    assert (
        ServiceConfig.model_validate({name.lower(): value for name, value in settings.items()}).configFolder
        == "/etc/certify"
    )
