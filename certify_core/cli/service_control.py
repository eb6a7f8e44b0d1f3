"""`certify service`: has the operating system run the service; works without it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from certify_core.cli.common import json_option, print_json, refusals_told
from certify_core.cli.data_dir import data_dir_option
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.loudness import say
from certify_core.contracts import PluginContext
from certify_core.errors import CertifyError, LocalFault, NotFound
from certify_core.plugins import Plugins
from certify_core.service.config import read_configuration
from certify_core.service_managers import Hosted, ServiceManager, ServiceStatus, ServiceWish


@click.group()
def service() -> None:
    """Have the operating system run the service."""


def _by_manager(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the `manager` of this system, and end it as the table of exit codes says."""

    @functools.wraps(command)
    def wrapped(*, data_dir: Path, as_json: bool, **kwargs: Any) -> Any:
        with refusals_told(as_json=as_json):
            try:
                return command(manager=find_manager(data_dir), data_dir=data_dir, as_json=as_json, **kwargs)
            except CertifyError as error:
                code = Exit.NOT_FOUND if isinstance(error, NotFound) else Exit.FAILED
                raise ServiceRefused(code, error.cause, error.remedy) from error

    return data_dir_option(json_option(wrapped))


@service.command()
@click.option("--account", default="", help="The account it runs as; the system's own choice if not given.")
@click.option("--password-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Of the account.")
@click.option(
    "--writable", type=click.Path(path_type=Path), multiple=True, help="A folder that it deploys to; repeatable."
)
@_by_manager
def install(
    manager: ServiceManager,
    data_dir: Path,
    account: str,
    password_file: Path | None,
    writable: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Have the service run from the next boot on; again, to bring that up to date."""
    folder = data_dir.absolute()
    wish = ServiceWish(
        command=(sys.executable, "-m", "certify_core.cli", "service", "run", "--data-dir", str(folder)),
        data_dir=folder,
        account=account,
        password=password_file.read_text().rstrip("\r\n") if password_file else "",
        writable=tuple(path.absolute() for path in writable),
    )
    done = list(manager.install(wish))
    _tell({"installed": True, "done": done}, "\n".join([*done, "Start it now: certify service start"]), as_json=as_json)


@service.command()
@_by_manager
def uninstall(manager: ServiceManager, data_dir: Path, as_json: bool) -> None:
    """Stop it and have it not run any more; certificates, keys and settings stay."""
    manager.uninstall()
    _tell({"installed": False}, f"It is uninstalled. What it keeps is still in {data_dir}.", as_json=as_json)


@service.command()
@_by_manager
def start(manager: ServiceManager, data_dir: Path, as_json: bool) -> None:
    """Start the installed service."""
    manager.start()
    _tell({"running": True}, "It runs.", as_json=as_json)


@service.command()
@_by_manager
def stop(manager: ServiceManager, data_dir: Path, as_json: bool) -> None:
    """Stop the installed service; running steps are ended or continued by the next start."""
    manager.stop()
    _tell({"running": False}, "It has stopped.", as_json=as_json)


@service.command()
@_by_manager
def status(manager: ServiceManager, data_dir: Path, as_json: bool) -> None:
    """Say whether the service is installed and runs."""
    found = manager.status()
    if as_json:
        print_json({"manager": manager.name, "installed": found.installed, "running": found.running})
    else:
        click.echo(f"{manager.title}: {'installed' if found.installed else 'not installed'}, {found.detail}")
    sys.exit(_exit_of(found))


@service.command()
@_by_manager
def run(manager: ServiceManager, data_dir: Path, as_json: bool) -> None:
    """Run the service as the operating system wants it; only that calls this."""

    def opened() -> Hosted:
        from certify_core.service.host import Host

        return Host(data_dir)

    manager.host(opened)


def find_manager(data_dir: Path) -> ServiceManager:
    """Return what runs services on this system.

    Raises:
        LocalFault: no plugin knows how this system does that.
    """
    plugins = Plugins.load(PluginContext(data_dir, read_configuration(data_dir).settings))
    return first_here(list(plugins.service_managers))


def first_here(managers: Sequence[ServiceManager]) -> ServiceManager:
    """Return the first one that runs services on this system.

    Raises:
        LocalFault: none does.
    """
    for manager in managers:
        if manager.is_here():
            return manager
    known = ", ".join(manager.title for manager in managers) or "none"
    raise LocalFault(
        f"There is nothing here that runs services; known: {known}.",
        "Have your system run `certify serve`, or install a plugin that knows it.",
    )


def _tell(document: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        say(text)


def _exit_of(status: ServiceStatus) -> Exit:
    if not status.installed:
        return Exit.NOT_FOUND
    return Exit.DONE if status.running else Exit.UNREACHABLE
