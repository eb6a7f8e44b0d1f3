"""docs/iis.md says what is so: its examples, its table of parameters, and its preview."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from certify_core.cli.common import parse_choice
from certify_iis.__main__ import main
from certify_iis.parameters import IisParameters

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "iis.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^certify request .* --deploy (.+)$", PAGE, re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 7


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_accepted(example: str) -> None:
    # The file with the password is there on the reader's machine alone.
    choice = parse_choice(example.strip('"').replace("=@C:", "=C:"), option="--deploy")
    assert IisParameters.model_validate(choice.parameters).model_fields_set == choice.parameters.keys()


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


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default or "") if default else ""
