"""`--quiet`, `--verbose` and NO_COLOR: how much every command says, and in which colours."""

from __future__ import annotations

import os
import sys

import click

_QUIET = "certify_core.quiet"
_VERBOSE = "certify_core.verbose"


def is_quiet() -> bool:
    """Whether results and errors alone are wanted."""
    return _is_set(_QUIET)


def is_verbose() -> bool:
    """Whether everything is wanted, what is asked of the service too."""
    return _is_set(_VERBOSE)


def say(text: str) -> None:
    """Tell what was done or goes on; what was asked for is printed in any case, and not by this."""
    if not is_quiet():
        click.echo(text)


def complain(reason: str) -> None:
    """Tell what hinders, and go on."""
    click.echo(f"certify: {reason}", err=True)


def loudness_options() -> list[click.Option]:
    """Return the two options that every command has."""
    return [
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_be_quiet,
            help="Print results and errors alone.",
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            callback=_be_verbose,
            help="Print what is asked of the service, and traces.",
        ),
    ]


def heed_no_color(context: click.Context) -> None:
    """Use no colours where NO_COLOR says so (https://no-color.org); rich, which prints tables, heeds it by itself."""
    if os.environ.get("NO_COLOR"):
        context.color = False


def _be_quiet(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.meta[_QUIET] = True


def _be_verbose(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        import logging

        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
        context.meta[_VERBOSE] = True


def _is_set(key: str) -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(key))
