"""Certify The Web on this machine: its service is called as ours, and its folder is where ours is by default.

Looks for it and says what is in the way. It touches nothing: what is there are somebody's keys and certificates.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson

from certify_core.api import LocalFault

PRODUCT = "Certify The Web"
_OF_ITS_PROGRAM = ("\\certify.service.exe", "\\certifytheweb\\")
"""What the command line of its service has in it, in lower case."""
_NAMES = ("appsettings.json", "cred.db")
"""Files that it makes and Certify does not."""
_DATABASE, _TABLE = "manageditems.db", "manageditem"
_SETTINGS = "serviceconfig.json"
_SETTING_NAMES = {"servicefaultmsg", "powershellexecutionpolicy", "authenticationmodes", "managementserverhuburi"}
"""What it writes into that file and Certify does not know, in lower case."""
_OURS = "master.key"
"""A folder that has it is ours, whatever else somebody has left in it: an upgrade has to go on."""


def is_its_service(command: str) -> bool:
    """Whether a service with this command line is that of Certify The Web."""
    return any(part in command.lower() for part in _OF_ITS_PROGRAM)


def its_files(data_dir: Path) -> list[str]:
    """Return the names of its files in a folder; none where Certify has worked already."""
    if (data_dir / _OURS).exists():
        return []
    found = [name for name in _NAMES if (data_dir / name).exists()]
    if _has_its_table(data_dir / _DATABASE):
        found.append(_DATABASE)
    if _has_its_settings(data_dir / _SETTINGS):
        found.append(_SETTINGS)
    return sorted(found)


def refuse_beside(command: str, data_dir: Path) -> None:
    """Refuse to install where its service (by the command line of the one that has our name) or its files are.

    Raises:
        LocalFault: with all steps that lead on.
    """
    causes, steps = [], []
    if is_its_service(command):
        causes.append(f"its service has the name of ours and runs {command}")
        steps.append("export its CSV file and uninstall it")
    if files := its_files(data_dir):
        causes.append(f"its files are in {data_dir} ({', '.join(files)})")
        steps.append(f"move {data_dir} to another place")
    if causes:
        raise LocalFault(
            f"{PRODUCT} is on this machine: {', and '.join(causes)}. Nothing was changed.",
            f"In this order: {', '.join([*steps, 'run this again'])}. What it looked after comes in by "
            "`certify import csv`: docs/moving.md, From Certify The Web.",
        )


def not_ours(service: str) -> tuple[str, str]:
    """Return cause and remedy for who would start, stop or uninstall its service by our command."""
    return (
        f"The service {service} of this machine is that of {PRODUCT}; Certify is not installed.",
        "Leave it to its own program, or uninstall it there: docs/moving.md, From Certify The Web.",
    )


def _has_its_table(database: Path) -> bool:
    """Whether a database has its table; opened so that no file is made beside it, also not for its write-ahead log."""
    if not database.is_file():
        return False
    address = f"{database.absolute().as_uri()}?mode=ro&immutable=1"
    query = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return bool(connection.execute(query, [_TABLE]).fetchone()[0])
    except (sqlite3.Error, UnicodeDecodeError):
        return False


def _has_its_settings(file: Path) -> bool:
    try:
        settings = orjson.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and not _SETTING_NAMES.isdisjoint(key.lower() for key in settings)
