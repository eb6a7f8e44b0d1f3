"""`certify completion`: the script that has a shell ask this command what completes a line.

click knows the shells. Here is what it lacks for words such as `files:dir=/srv,key=`: bash takes them apart at `:` and
`=` and replaces the last piece alone, and both bash and zsh put a space behind what is not at its end yet. fish cuts
descriptions off.
"""

from __future__ import annotations

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from certify_core.cli.main import COMPLETE, cli

SHELLS = ("bash", "zsh", "fish", "powershell")
_GOES_ON = (":", "=")
"""What ends a word that is not at its end yet."""
_CURSOR = "\x1f"
"""Stands behind the line, so that there is a word at the cursor even behind a space."""


@add_completion_class
class Bash(BashComplete):
    """bash 4.4 and later."""

    source_template = """\
%(complete_func)s() {
    local line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}" response kind value
    response=$(COMP_WORDS="$line" COMP_CWORD="$word" %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            open) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and what there is of the one at it."""
        words = split_arg_string(os.environ["COMP_WORDS"] + _CURSOR)
        incomplete = words.pop().removesuffix(_CURSOR)
        self._replaced_from = _start_of_what_bash_replaces(incomplete, os.environ.get("COMP_CWORD", ""))
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return the part of the word that bash puts in."""
        kind = "open" if item.type == "plain" and item.value.endswith(_GOES_ON) else item.type
        return f"{kind},{item.value[self._replaced_from :]}"


@add_completion_class
class Zsh(ZshComplete):
    """zsh."""

    source_template = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local -a response closed open
    local type key descr
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")
    for type key descr in ${response}; do
        case $type in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            open) open+=("$key:$descr") ;;
            plain) closed+=("$key:$descr") ;;
        esac
    done
    (( $#open )) && _describe -V unsorted open -U -S ''
    (( $#closed )) && _describe -V unsorted closed -U
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

    def format_completion(self, item: CompletionItem) -> str:
        """Return kind, value and help in a line each."""
        kind = "open" if item.type == "plain" and item.value.endswith(_GOES_ON) else item.type
        value = item.value.replace(":", r"\:") if item.type == "plain" else item.value
        return f"{kind}\n{value}\n{' '.join((item.help or item.value).split())}"


@add_completion_class
class Fish(FishComplete):
    """fish."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')
    """With descriptions that are not cut off at their first comma."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options, names of certificates and parameters of plugins in a SHELL.

    \b
    bash:        eval "$(certify completion bash)"              in ~/.bashrc
    zsh:         eval "$(certify completion zsh)"               in ~/.zshrc
    fish:        certify completion fish | source               in ~/.config/fish/config.fish
    PowerShell:  certify completion powershell | Out-String | Invoke-Expression    in $PROFILE
    """
    known = get_completion_class(shell)
    assert known is not None  # noqa: S101 - the choice has no others
    click.echo(known(cli, {}, "certify", COMPLETE).source(), nl=False)


def _start_of_what_bash_replaces(incomplete: str, word: str) -> int:
    """Return how much of what is typed stays: bash replaces what is behind the last break, or in open quotes all."""
    if word[:1] in {"'", '"'}:
        return 0
    return max(incomplete.rfind(mark) for mark in _GOES_ON) + 1
