"""What the documents promise is there."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from certify_core.cli.exits import Exit
from certify_core.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
PROOFS = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "reliability.md").read_text())
CLI = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "plugins").glob("*/README.md"))]
DOCUMENTS = [path.relative_to(ROOT).as_posix() for path in PAGES]
LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)")


def joined(document: str) -> str:
    """Return the code blocks of a document, lines that go on in the next one as one."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)).replace("\\\n", " ")


def commands() -> dict[str, click.Command]:
    """Return every command by its full name."""
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= {f"{name} {below}": one for below, one in command.commands.items()}
        else:
            found[name] = command
    return found


@pytest.mark.parametrize(("file", "test"), PROOFS)
def test_every_proof_of_a_promise_exists(file: str, test: str) -> None:
    text = (ROOT / file).read_text()
    assert not test or f"def {test}(" in text


@pytest.mark.parametrize("name", commands())
def test_every_command_is_described_with_an_example(name: str) -> None:
    assert f"\n## certify {name}\n" in CLI
    assert f"\ncertify {name}" in CLI


@pytest.mark.parametrize("name", commands())
def test_every_option_of_a_command_is_described(name: str) -> None:
    section = CLI.split(f"\n## certify {name}\n")[1].split("\n## ")[0]
    options = {
        option
        for parameter in commands()[name].params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    common = {"--json", "--data-dir", "--quiet", "--verbose", "-q", "-v"}
    assert {option for option in options - common if f"`{option}" not in section} == set()


@pytest.mark.parametrize("name", commands())
def test_every_command_has_a_help_text_with_the_example_of_the_page(name: str) -> None:
    command = commands()[name]
    assert command.help
    assert command.epilog is not None
    assert f"\n{command.epilog.splitlines()[-1].strip()}\n" in CLI.split(f"\n## certify {name}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", [name for name in commands() if name not in {"serve", "completion"}])
def test_every_command_that_says_something_says_it_as_json_too(name: str) -> None:
    assert "as_json" in {parameter.name for parameter in commands()[name].params}


@pytest.mark.parametrize("name", commands())
def test_every_command_can_be_quiet_and_verbose(name: str) -> None:
    options = {option for parameter in commands()[name].params for option in parameter.opts}
    assert {"--quiet", "--verbose"} <= options


def test_the_help_has_the_table_of_exit_codes() -> None:
    ended = CliRunner().invoke(cli, ["--help"])
    told = " ".join(ended.output.split())
    assert all(f"{code.value} {code.meaning}" in told for code in Exit)


def test_the_table_of_exit_codes_is_the_one_in_use() -> None:
    table = dict(re.findall(r"^\| (\d) \| (\w[\w ]*) \|", CLI, re.MULTILINE))
    assert {int(code): name.replace(" ", "_").upper() for code, name in table.items()} == {
        exit_.value: exit_.name for exit_ in Exit
    }


def test_the_commands_stand_in_the_order_of_the_help() -> None:
    described = [title.split()[0] for title in re.findall(r"^## certify (.+)$", CLI, re.MULTILINE)]
    assert list(dict.fromkeys(described)) == list(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    path = ROOT / document
    links = [file for file, _ in LINK.findall(path.read_text(encoding="utf-8")) if file]
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_to_a_heading_find_it(document: str) -> None:
    path = ROOT / document
    links = [(file, name) for file, name in LINK.findall(path.read_text(encoding="utf-8")) if name]
    dead = [f"{file}#{name}" for file, name in links if name not in anchors(path.parent / file if file else path)]
    assert dead == []


def anchors(path: Path) -> set[str]:
    """Return what GitHub calls the headings of a document."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    seen: Counter[str] = Counter()
    found = set()
    for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_line_is_one(document: str) -> None:
    lines = re.findall(r"^(?:\$ )?certify ([^|\n]+)", joined(document), re.MULTILINE)
    assert {line: fault for line in lines if (fault := fault_of(shlex.split(line)))} == {}


def fault_of(words: list[str]) -> str:
    """Return what is wrong with a command line; values are not looked at: their files are on the reader's machine."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        below = command.get_command(click.Context(command), words.pop(0))
        if below is None:
            return "there is no such command"
        command = below
    try:
        given, extra, _ = command.make_parser(click.Context(command)).parse_args(words)
    except click.UsageError as error:
        return error.format_message()
    missing = [one.name for one in command.params if one.required and given.get(one.name or "") is None]
    return " ".join([*(f"{name} is missing" for name in missing), *(f"{word} is too much" for word in extra)])
