"""The export alone makes the same again on an empty machine; no secret is in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certify_core.configuration.exporting import export
from certify_core.configuration.text import parse_yaml
from certify_core.configuration.writing import as_yaml
from certify_core.domain.authority import AuthoritySettings
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.parameters import opened
from tests.support.configuration import Desk, desk_in

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
DNS = st.builds("{}.{}.test".format, LABELS, LABELS)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
PARAMETERS = st.fixed_dictionaries({}, optional={"place": TEXTS, "password": SECRETS})
TITLES = TEXTS.map(str.strip).filter(bool)


@st.composite
def wanted(draw: st.DrawFn) -> CertificateSettings:
    """Some settings of one managed certificate."""
    return CertificateSettings.model_validate(
        {
            "name": draw(st.just("") | TITLES),
            "identifiers": draw(st.lists(DNS, min_size=1, max_size=3, unique=True)),
            "authority": draw(st.sampled_from(["acme", "local", "house"])),
            "key_type": draw(st.sampled_from(["ecdsa-p256", "ecdsa-p384"])),
            "second_key_type": draw(st.sampled_from([None, "rsa-2048"])),
            "reuse_key": draw(st.booleans()),
            "order": {"profile": draw(st.none() | TEXTS), "lifetime_days": draw(st.none() | st.floats(0.5, 400))},
            "challenge": {"provider": draw(st.sampled_from(["http", "dns"])), "parameters": draw(PARAMETERS)},
            "deployments": [
                {"target": draw(st.sampled_from(["fake", "other"])), "parameters": draw(PARAMETERS)}
                for _ in range(draw(st.integers(0, 2)))
            ],
            "renewal": {"automatic": draw(st.booleans()), "at_percent": draw(st.floats(1, 99))},
            "on_failure": {"leave_out_after": draw(st.none() | st.integers(1, 9))},
        }
    )


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    """Two machines."""
    with desk_in(tmp_path / "one") as one, desk_in(tmp_path / "two") as two:
        yield one, two


def empty(desk: Desk) -> None:
    """Make a machine one on which nothing is wanted."""
    for certificate_id, _ in list(desk.store.inspection.wanted()):
        desk.engine.delete(certificate_id)
    for credential in desk.store.credentials.all():
        desk.store.credentials.delete(credential.id)
    for authority in desk.store.authorities.all():
        desk.engine.authorities.delete(authority.id)
    desk.store.configured.write(map(desk.store.configured.forgetting, desk.store.configured.all()))
    shutil.rmtree(desk.folder)
    desk.folder.mkdir()


def state(desk: Desk) -> list[dict[str, Any]]:
    """Return all that is wanted, secrets readable."""
    found = []
    for _, item in desk.store.inspection.wanted():
        document = item.model_dump(mode="json")
        document["name"] = item.title
        for holder in (document["challenge"], *document["deployments"]):
            holder["parameters"] = opened(desk.store.vault, holder["parameters"])
        found.append(document)
    credentials = [
        {**item.model_dump(include=set(CredentialSettings.model_fields)), "id": item.id}
        for item in desk.store.credentials.all()
    ]
    for credential in credentials:
        credential["parameters"] = opened(desk.store.vault, credential["parameters"])
    authorities = [
        item.model_dump(include={*AuthoritySettings.model_fields, "id"}) for item in desk.store.authorities.all()
    ]
    return [*sorted(found, key=lambda document: str(document["name"])), *credentials, *authorities]


def written(desk: Desk, folder: Path) -> str:
    """Write the export into a folder; return all that is in it."""
    files = export(desk.engine)
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return "".join(file.text for file in files)


def environment(desk: Desk) -> dict[str, str]:
    """Return the variables that the export asks for, each with its secret, as the person knows them who has them."""
    asked: dict[str, None] = {}
    for file in export(desk.engine):
        for document in parse_yaml(file.text):
            asked |= dict(_references(document.value))
    secrets = list(_secrets(desk))
    assert len(asked) == len(secrets)
    return dict(zip(asked, secrets, strict=True))


def _references(value: Any) -> Any:
    if isinstance(value, dict) and value.get("from") == "environment":
        yield value["name"], None
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _references(item)


def _secrets(desk: Desk) -> Any:
    for credential in desk.store.credentials.all():
        yield from _sealed(desk, credential.parameters)
    named = sorted(desk.store.inspection.wanted(), key=lambda item: (item[1].title, item[0]))
    for _, item in named:
        for parameters in (item.challenge.parameters, *(place.parameters for place in item.deployments)):
            yield from _sealed(desk, parameters)


def _sealed(desk: Desk, parameters: Any) -> Any:
    readable = opened(desk.store.vault, parameters)
    return [readable[name] for name, value in parameters.items() if value != readable[name]]


@given(
    st.lists(wanted(), max_size=4, unique_by=lambda item: item.title),
    st.dictionaries(IDS, PARAMETERS.filter(bool), max_size=2),
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_export_makes_the_same_on_an_empty_machine(
    pair: tuple[Desk, Desk], certificates: list[CertificateSettings], credentials: dict[str, dict[str, Any]]
) -> None:
    one, two = pair
    empty(one)
    empty(two)
    house = AuthoritySettings(title="The house's", directory="https://ca.test/directory", needs_eab=True)
    one.engine.authorities.create("house", house)
    for credential_id, parameters in credentials.items():
        one.engine.credentials.create(credential_id, CredentialSettings(provider="fake", parameters=parameters))
    for item in certificates:
        one.engine.create(item)
    written(one, two.folder)
    two.environ = environment(one)
    two.apply()
    assert state(two) == state(one)
    assert all(line.startswith("unchanged") for line in two.apply())


@given(
    st.recursive(
        TEXTS
        | st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_what_is_written_reads_as_the_same(value: Any) -> None:
    (parsed,) = parse_yaml(as_yaml({"kind": value}))
    assert parsed.value == {"kind": value}


def test_no_secret_is_in_the_export(desk: Desk) -> None:
    secret = {"password": "nobody-may-read-this"}
    desk.engine.credentials.create("word", CredentialSettings(provider="fake", parameters=secret))
    desk.engine.create(
        CertificateSettings.model_validate(
            {"identifiers": ["a.test"], "authority": "acme", "deployments": [{"target": "fake", "parameters": secret}]}
        )
    )
    text = written(desk, desk.folder)
    assert "nobody-may-read-this" not in text
    assert "# Set CERTIFY_SECRET_CREDENTIALREFERENCE_WORD_PASSWORD where this is applied: password." in text


def test_the_export_applied_where_it_was_made_changes_nothing(desk: Desk) -> None:
    desk.engine.create(CertificateSettings(identifiers=("a.test",), authority="acme"))
    written(desk, desk.folder)
    assert desk.apply() == ["adopt a.test"]


def test_several_of_one_name_are_told_apart(desk: Desk) -> None:
    for number in range(2):
        desk.engine.create(CertificateSettings(identifiers=("a.test",), authority="acme"), f"id{number}")
    written(desk, desk.folder)
    assert sorted(str(document.content["name"]) for document in desk.wishes().documents) == [
        "a.test (id0)",
        "a.test (id1)",
    ]


def test_files_have_names_that_every_system_takes(desk: Desk) -> None:
    for name in ("*.a.test", "con", "A.test", "a.TEST", "../../etc", "."):
        desk.engine.create(CertificateSettings(name=name, identifiers=("a.test",), authority="acme"))
    paths = [file.path.removeprefix("certificates/") for file in export(desk.engine)]
    assert set(paths) == {"A.test.yaml", "_.a.test.yaml", "_.._.._etc.yaml", "_.yaml", "_con.yaml", "a.TEST-2.yaml"}
