"""`certify selftest`: tries on this very machine what no machine of the tests can show; works without the service."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import click
import orjson

from certify_core.cli.common import json_option, print_json, refusals_told
from certify_core.cli.data_dir import data_dir_option
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.loudness import is_quiet, say
from certify_core.contracts import PluginContext
from certify_core.errors import CertifyError, NotFound
from certify_core.files import write_atomically
from certify_core.health.selftest import Outcome, Tried, counted, find_suite, not_tried, report, run_step
from certify_core.plugins import Plugins
from certify_core.selftests import SelfTestStep
from certify_core.service.config import read_configuration

_MARKS = {
    Outcome.PASSED: click.style("✓", fg="green"),
    Outcome.FAILED: click.style("✗", fg="red"),
    Outcome.NOTHING: "-",
    Outcome.NOT_TRIED: "-",
}


@click.command()
@click.argument("suite")
@data_dir_option
@click.option("--change/--look", default=None, help="Also make and remove something for the test, or look only.")
@click.option("--report", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report there.")
@json_option
def selftest(suite: str, data_dir: Path, change: bool | None, file: Path | None, as_json: bool) -> None:
    """Try on this machine what SUITE is about, such as `windows`; first by looking only.

    What changes something for a moment is done with your consent: asked for on a terminal, or given by --change.
    """
    with refusals_told(as_json=as_json):
        tried = _tried(suite, data_dir, change=change, file=file, as_json=as_json)
    sys.exit(Exit.FAILED if any(one.outcome is Outcome.FAILED for one in tried) else Exit.DONE)


def _tried(suite: str, data_dir: Path, *, change: bool | None, file: Path | None, as_json: bool) -> list[Tried]:
    """Run the steps, show how they went, and return that."""
    steps = _steps(suite, data_dir)
    if not steps:
        raise ServiceRefused(
            Exit.NOT_FOUND, f"There is nothing to test here: {suite} is about another kind of machine."
        )
    show = _ignore if as_json else _show
    tried = _run([step for step in steps if not step.changes], show)
    more = [step for step in steps if step.changes]
    tried += _run(more, show) if _consents(more, change, as_json=as_json) else [not_tried(step) for step in more]
    document = report(suite, tried)
    if file:
        _write(file, orjson.dumps(document, option=orjson.OPT_INDENT_2))
    if as_json:
        print_json(document)
    else:
        _sum_up(tried, file)
    return tried


def _steps(suite: str, data_dir: Path) -> list[SelfTestStep]:
    logging.getLogger().addHandler(logging.NullHandler())  # what plugins log is told by the steps
    try:
        plugins = Plugins.load(PluginContext(data_dir, read_configuration(data_dir).settings))
        return [step for test in find_suite(plugins, suite) for step in test.steps()]
    except CertifyError as error:
        code = Exit.NOT_FOUND if isinstance(error, NotFound) else Exit.FAILED
        raise ServiceRefused(code, error.cause, error.remedy) from error


def _run(steps: list[SelfTestStep], show: Callable[[Tried], None]) -> list[Tried]:
    tried = []
    for step in steps:
        tried.append(run_step(step))
        show(tried[-1])
    return tried


def _consents(steps: list[SelfTestStep], change: bool | None, *, as_json: bool) -> bool:
    if change is not None or not steps or as_json or not sys.stdin.isatty():
        return bool(change)
    click.echo("\nNext, each of these makes something of its own for a moment and takes it away again:")
    for step in steps:
        click.echo(f"  {step.title}")
    try:
        return click.confirm("Go on?")
    except click.Abort:  # nobody is there: Windows takes NUL for a terminal
        click.echo()
        return False


def _show(tried: Tried) -> None:
    if is_quiet() and tried.outcome is not Outcome.FAILED:
        return
    click.echo(f"{_MARKS[tried.outcome]} {tried.name:<20} {tried.told or tried.title}")
    if tried.remedy:
        click.echo(f"  {'':<20} → {tried.remedy}")


def _ignore(tried: Tried) -> None:
    """A report for machines comes as a whole, at the end."""


def _sum_up(tried: list[Tried], file: Path | None) -> None:
    counts = counted(tried)
    say(f"\n{', '.join(f'{count} {outcome}' for outcome, count in counts.items() if count)}.")
    if counts[Outcome.NOT_TRIED]:
        say("What changes the machine for a moment was not tried: --change tries that too.")
    say(f"The report is in {file}: it may be sent in." if file else "--report FILE writes a report to send in.")


def _write(file: Path, content: bytes) -> None:
    try:
        write_atomically(file, content, mode=0o644)
    except OSError as error:
        raise ServiceRefused(
            Exit.FAILED, f"The report cannot be written to {file}: {error.strerror}.", "Give another file."
        ) from error
