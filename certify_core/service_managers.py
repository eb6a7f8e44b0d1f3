"""What a plugin hands over that lets the operating system run Certify: at boot, again after a crash, without a user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class ServiceWish:
    """How the service is to run."""

    command: tuple[str, ...]
    """The program with its arguments; it calls `ServiceManager.host`."""
    data_dir: Path
    account: str = ""
    """The system's account; empty means the manager's own choice."""
    password: str = field(default="", repr=False)
    """Of the account, where the system wants it."""
    writable: tuple[Path, ...] = ()
    """Further folders that the service writes to: where it deploys."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """How the service stands with the operating system."""

    installed: bool
    running: bool = False
    detail: str = ""
    """In the system's words."""


class Hosted(Protocol):
    """The service itself, as its manager sees it."""

    def run(self) -> None:
        """Work until `stop` is called."""

    def stop(self) -> None:
        """Make `run` return, within 20 seconds; may be called from any thread."""


@runtime_checkable
class ServiceManager(Protocol):
    """Has the operating system run the service.

    Guarantees: `install` may be repeated and brings everything up to date; `uninstall` leaves the data folder alone;
    `start` and `stop` return when it is done, and do nothing where nothing is to do. All of them raise `LocalFault`
    with a remedy where the system refuses, and `NotFound` where the service is not installed.
    """

    name: str
    """Short, in lower case, with hyphens."""
    title: str
    """One line for people."""

    def is_here(self) -> bool:
        """Whether this system has it."""

    def install(self, wish: ServiceWish) -> Sequence[str]:
        """Have the service run from the next boot on; return sentences that say what was done."""

    def uninstall(self) -> None:
        """Stop it and have it not run any more."""

    def start(self) -> None:
        """Have it run now."""

    def stop(self) -> None:
        """Have it stop, and wait for that."""

    def status(self) -> ServiceStatus:
        """Return how it stands."""

    def host(self, opened: Callable[[], Hosted]) -> None:
        """Run the service in this process, which the system has started; `opened` may take its time, and fail."""
