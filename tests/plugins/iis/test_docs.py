"""docs/iis.md says what is so: its examples, its table of parameters, and its preview."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from certify_core.api import parse_identifier
from certify_core.cli.common import parse_choice
from certify_core.cli.request import request
from certify_iis.__main__ import main
from certify_iis.parameters import IisParameters

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "iis.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^certify request (.+)$", PAGE, re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 7


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_accepted(example: str) -> None:
    given = request.make_context("request", words(example)).params
    # The file with the password is there on the reader's machine alone.
    choices = [parse_choice(text.replace("=@C:", "=C:"), option="--deploy") for text in given["deploy"]]
    assert [choice.name for choice in choices] == ["iis"]
    assert IisParameters.model_validate(choices[0].parameters).model_fields_set == choices[0].parameters.keys()


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_example_asks_http_01_for_a_wildcard(example: str) -> None:
    given = request.make_context("request", words(example)).params
    assert given["challenge"] == "http"
    assert not [name for name in (given["identifier"], *given["also"]) if parse_identifier(name).is_wildcard]


def test_the_table_holds_every_parameter_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", PAGE, re.MULTILINE)
    assert rows == [(name, _shown(field.default)) for name, field in IisParameters.model_fields.items()]


def test_the_preview_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    block = re.search(r"^\$ python -m certify_iis (.+)\n((?:.+\n)+?)```", PAGE, re.MULTILINE)
    assert block is not None
    monkeypatch.chdir(ROOT)
    main(shlex.split(block[1]))
    assert capsys.readouterr().out == block[2]


def words(line: str) -> list[str]:
    """Return the words of a line as Windows' prompts split it: a backslash is itself."""
    splitting = shlex.shlex(line, posix=True, punctuation_chars=False)
    splitting.whitespace_split, splitting.escape, splitting.commenters = True, "", ""
    return list(splitting)


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default or "") if default else ""
