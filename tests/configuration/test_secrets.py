"""Secrets are never written in files: they are looked up, sealed, compared and never shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from certify_core.configuration.commands import CommandFailed, output_of
from tests.support.configuration import Desk
from tests.support.stores import stored_bytes

PLACE = """\
kind: ManagedCertificate
name: shop
identifiers: [shop.test]
authority: acme
deployments:
- target: fake
  parameters:
    password: """
CREDENTIAL = """\
kind: CredentialReference
name: word
provider: fake
parameters: {password: {from: environment, name: WORD}}
---
"""
SAY = "import sys; sys.stdout.write"


def password(desk: Desk) -> str | None:
    """Return the password that the target of the managed certificate would get."""
    _, parameters = desk.engine.wanted.target(desk.settings("shop").deployments[0])
    found = parameters.model_dump()["password"]
    return found.get_secret_value() if found else None


def test_a_secret_that_is_written_out_is_refused(desk: Desk) -> None:
    desk.write(PLACE + "sesame")
    found = desk.refusals()
    assert found == [
        "all.yaml:8:5: deployments.0.parameters.password is a secret, and secrets are not written in files."
    ]


def test_a_secret_in_a_shared_deployment_is_refused_where_it_is_put_over(desk: Desk) -> None:
    desk.write("kind: Deployment\nname: web\ntarget: fake", "shared.yaml")
    desk.write(PLACE.replace("target: fake", "use: web") + "sesame")
    assert desk.refusals()[0].startswith("all.yaml:8:5: deployments.0.parameters.password is a secret")


def test_what_is_no_secret_is_written_out(desk: Desk) -> None:
    desk.environ = {"PLACE": "here"}
    desk.write(PLACE.replace("password: ", "place: ") + "{from: environment, name: PLACE}")
    assert desk.refusals() == ["all.yaml:8:5: deployments.0.parameters.place is no secret."]


@pytest.mark.parametrize("spelling", ["{from: mail}", "{from: file}", "{from: environment, name: X, of: y}"])
def test_where_it_comes_from_has_to_be_said_rightly(desk: Desk, spelling: str) -> None:
    desk.write(PLACE + spelling)
    found = desk.refusals()
    assert len(found) == 1
    assert found[0].startswith("all.yaml:8:5: deployments.0.parameters.password")


def test_it_comes_from_the_environment(desk: Desk) -> None:
    desk.environ = {"WORD": "sesame"}
    desk.write(PLACE + "{from: environment, name: WORD}")
    desk.apply()
    assert password(desk) == "sesame"


def test_it_comes_from_a_file_beside_the_document(desk: Desk) -> None:
    desk.write("sesame\n", "below/word.txt")
    desk.write(PLACE + "{from: file, path: word.txt}", "below/all.yaml")
    desk.apply()
    assert password(desk) == "sesame"


def test_a_byte_order_mark_is_no_part_of_it(desk: Desk) -> None:
    desk.write("\ufeffsesame\n", "word.txt")
    desk.write(PLACE + "{from: file, path: word.txt}")
    desk.apply()
    assert password(desk) == "sesame"


def test_it_comes_from_a_command_without_a_shell(desk: Desk) -> None:
    desk.write(
        PLACE
        + f"{{from: command, command: ['{sys.executable}', -c, {SAY}('$HOME;x')]}}".replace("'$", '"$').replace(
            "x')", 'x")'
        )
    )
    desk.apply()
    assert password(desk) == "$HOME;x"


def test_it_comes_from_a_stored_credential(desk: Desk) -> None:
    desk.environ = {"WORD": "sesame"}
    desk.write(CREDENTIAL + PLACE + "{from: credential, name: word}")
    desk.apply()
    assert desk.settings("shop").deployments[0].credential == "word"
    assert password(desk) == "sesame"


def test_a_credential_that_is_not_there_is_named_with_its_place(desk: Desk) -> None:
    desk.write(PLACE + "{from: credential, name: word}")
    assert desk.refusals() == ["all.yaml:6:3: There is no credential word."]


@pytest.mark.parametrize(
    ("spelling", "cause"),
    [
        ("{from: environment, name: WORD}", "There is no environment variable WORD."),
        ("{from: environment, name: EMPTY}", "The environment variable EMPTY is empty."),
        ("{from: file, path: none.txt}", "cannot be read"),
        ("{from: command, command: [no-such-program]}", "The command no-such-program cannot be started"),
    ],
)
def test_what_is_not_found_is_told_with_its_place(desk: Desk, spelling: str, cause: str) -> None:
    desk.environ = {"EMPTY": ""}
    desk.write(PLACE + spelling)
    (found,) = desk.refusals()
    assert found.startswith("all.yaml:8:5: ")
    assert cause in found


def test_a_command_has_only_so_much_time(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"took more than 0\.5 s"):
        output_of([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path, patience=0.5)


def test_a_command_has_only_so_much_to_say(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="printed more than"):
        output_of([sys.executable, "-c", f"{SAY}('x' * 100000)"], tmp_path)


def test_a_command_that_fails_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        output_of([sys.executable, "-c", "import sys; sys.exit('the secret is sesame')"], tmp_path)
    assert "ended with exit code 1" in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_another_secret_is_noticed_and_not_shown(desk: Desk) -> None:
    desk.environ = {"WORD": "sesame"}
    desk.write(PLACE + "{from: environment, name: WORD}")
    desk.apply()
    assert desk.apply() == ["unchanged shop"]
    desk.environ = {"WORD": "open"}
    plan = desk.plan()
    assert [change.field for change in plan.steps[0].changes] == ["deployments.0.parameters.password"]
    assert "sesame" not in plan.model_dump_json()
    assert "open" not in plan.model_dump_json()
    assert desk.apply() == ["change shop"]
    assert password(desk) == "open"


def test_nothing_of_a_secret_is_in_the_database(desk: Desk, tmp_path: Path) -> None:
    desk.environ = {"WORD": "nobody-may-read-this"}
    desk.write(CREDENTIAL + PLACE + "{from: environment, name: WORD}")
    desk.apply()
    assert b"nobody-may-read-this" not in stored_bytes(tmp_path / "data")


def test_a_new_master_key_makes_no_secret_another_one(desk: Desk) -> None:
    desk.environ = {"WORD": "sesame"}
    desk.write(CREDENTIAL + PLACE + "{from: environment, name: WORD}")
    desk.apply()
    desk.store.rotation.rotate()
    desk.store.rotation.finish()
    assert desk.apply() == ["unchanged word", "unchanged shop"]
