"""Completion: what bash puts in is asked of a real bash; what the other shells are told, by the protocol they speak."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.processes import installed
from tests.support.service import Service

ASK_BASH = """
compopt() { :; }
eval "$SCRIPT"
COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_certify_completion certify
printf '%s\\n' "${COMPREPLY[@]}"
"""
NAME = "completed.test"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with one certificate."""
    service = Service(tmp_path_factory.mktemp("known")).start()
    service.certify("request", NAME, "--ca", "local", "--wait")
    yield service
    service.close()


@pytest.fixture(scope="module")
def environment(known: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where shells find `certify`, and `certify` its service."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "certify"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m certify_core.cli "$@"\n')
    program.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "CERTIFY_DATA_DIR": str(known.data_dir)}


Ask = Callable[..., list[str]]


@pytest.fixture(scope="module")
def in_bash(known: Service, environment: dict[str, str]) -> Ask:
    """Return what a real bash would put in for the last of its words on a line."""
    script = known.certify("completion", "bash").out

    def ask(line: str, *words: str) -> list[str]:
        variables = environment | {"SCRIPT": script, "LINE": line}
        bash = installed("bash", "bash")
        command = [bash, "--norc", "-c", ASK_BASH, "bash", *(words or line.split(" "))]
        ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
        return ended.stdout.split()

    return ask


def asked_by(environment: dict[str, str], shell: str, words: str, at: str) -> str:
    """Return what is answered to a shell that asks for the word `at` of a line."""
    variables = {"_CERTIFY_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": at}
    command = [sys.executable, "-m", "certify_core.cli"]
    return subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("certify de", ["demo", "deploy", "delete"]),
        ("certify plugins s", ["show"]),
        ("certify deploy --pre", ["--preview"]),
        ("certify --ver", ["--verbose"]),
        ("certify show compl", [NAME]),
        ("certify renew compl", [NAME]),
        ("certify show nobody", []),
        ("certify request x --deploy fil", ["files:"]),
        ("certify request x --challenge web", ["webroot:"]),
        ("certify notify add ops app", ["apprise:"]),
        ("certify plugins show fil", ["files"]),
        ("certify completion p", ["powershell"]),
    ],
)
def test_bash_completes_a_word(in_bash: Ask, line: str, expected: list[str]) -> None:
    assert in_bash(line) == expected


def test_bash_completes_a_word_that_is_not_begun(in_bash: Ask) -> None:
    assert in_bash("certify show ", "certify", "show", "") == [NAME]


def test_bash_takes_words_apart_and_is_given_the_last_piece(in_bash: Ask) -> None:
    pieces = ["certify", "request", "x", "--deploy", "files", ":", "dir", "=", "/srv,pfx_p"]
    assert in_bash("certify request x --deploy files:dir=/srv,pfx_p", *pieces) == ["/srv,pfx_password="]


def test_behind_a_colon_bash_is_given_every_parameter(in_bash: Ask) -> None:
    given = in_bash("certify request x --deploy files:", *["certify", "request", "x", "--deploy", "files", ":"])
    assert (given[0], len(given) > 10) == ("dir=", True)


def test_in_quotes_bash_is_given_the_whole_word(in_bash: Ask) -> None:
    line = "certify request x --deploy 'files:dir=/srv,der"
    words = ["certify", "request", "x", "--deploy", "'files:dir=/srv,der"]
    assert in_bash(line, *words) == ["files:dir=/srv,der="]


def test_a_parameter_that_is_there_is_not_offered_again(in_bash: Ask) -> None:
    pieces = ["certify", "edit", "x", "--deploy", "files", ":", "dir", "=", "/srv,di"]
    assert in_bash("certify edit x --deploy files:dir=/srv,di", *pieces) == []


def test_zsh_is_told_what_goes_on_and_escapes_its_colons(environment: dict[str, str]) -> None:
    kind, value, told = asked_by(environment, "zsh", "certify request x --deploy fil", "4").splitlines()
    assert (kind, value, told) == ("open", r"files\:", "Files in a folder (PEM, PFX, DER)")


def test_fish_is_told_names_with_their_state(environment: dict[str, str]) -> None:
    assert asked_by(environment, "fish", "certify show compl", "compl") == f"plain,{NAME}\thealthy\n"


def test_powershell_is_told_names_in_three_lines_each(environment: dict[str, str]) -> None:
    answer = asked_by(environment, "powershell", "certify show compl", "2")
    assert answer.splitlines() == ["plain", NAME, "healthy"]


@pytest.mark.parametrize(
    ("shell", "mark"),
    [
        ("bash", "complete -o nosort -F _certify_completion certify"),
        ("zsh", "#compdef certify"),
        ("fish", "complete --no-files --command certify"),
        ("powershell", "Register-ArgumentCompleter -Native -CommandName certify"),
    ],
)
def test_each_shell_has_a_script(known: Service, shell: str, mark: str) -> None:
    ended = known.certify("completion", shell)
    assert (ended.code, mark in ended.out) == (0, True)


def test_without_a_service_nothing_completes_and_nothing_is_said(environment: dict[str, str], tmp_path: Path) -> None:
    alone = environment | {"CERTIFY_DATA_DIR": str(tmp_path)}
    assert asked_by(alone, "bash", "certify show x", "x").strip() == ""


def test_completing_a_command_imports_none(environment: dict[str, str]) -> None:
    script = (
        "import sys; from certify_core.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted(name for name in sys.modules if name.startswith('certify_core.cli.')))"
    )
    variables = {"_CERTIFY_COMPLETE": "bash_complete", "COMP_WORDS": "certify d", "COMP_CWORD": "d"}
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment | variables, capture_output=True, text=True, check=True
    )
    assert "certify_core.cli.demo" not in ended.stdout
