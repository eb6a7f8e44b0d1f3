"""Reads configuration files: one, or all in a folder and those below it, but for hidden ones and schemas.

An empty file is a problem: it may be one that somebody is about to write. Who means nothing writes an empty list.
A file has one document, several behind another (YAML), or a list of them (``documents`` in TOML). A file that cannot be
read is one problem, and harms no other; so is a folder below that cannot be listed, since nobody knows what it has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from certify_core.configuration.documents import Kind
from certify_core.configuration.sources import Problem, SourceDocument
from certify_core.configuration.text import Parsed, UnreadableText, parse_json, parse_yaml
from certify_core.configuration.toml_text import parse_toml
from certify_core.errors import InvalidInput

PARSERS: dict[str, Callable[[str], list[Parsed]]] = {
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".json": parse_json,
    ".toml": parse_toml,
}
SCHEMA = ".schema.json"
"""How the name of a file ends that tells editors how the others look."""
LARGEST_FILE = 5_000_000
"""Bytes."""

Stamps = dict[str, tuple[int, int]]
"""Size and time of the last change of each file: they stay the same while nobody writes."""
UNKNOWN = (-1, 0)


@dataclass(slots=True)
class Reading:
    """What was found."""

    documents: list[SourceDocument] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(where: Path) -> Reading:
    """Return all documents of a file or a folder, in the order of the files' names.

    Raises:
        InvalidInput: there is no such file or folder.
    """
    found = Reading()
    files, unlisted = _listing(where)
    for file in files:
        _read_file(file, shown_as(file, where), found)
    found.problems += [_of_unlisted(folder, error, where) for folder, error in unlisted.items()]
    return found


def stamps_of(where: Path) -> Stamps:
    """Return size and time of every file that `read` would read, and `UNKNOWN` for what cannot be looked at.

    Raises:
        InvalidInput: as `read` does.
    """
    files, unlisted = _listing(where)
    stamps = {shown_as(file, where): _stamp(file) for file in files}
    return stamps | {shown_as(folder, where): UNKNOWN for folder in unlisted}


def source_of(where: Path) -> str:
    """Return what a folder or file is known by: its whole path, with links and mapped drives as they are named.

    What a link leads to may be another one tomorrow, as with a `current` that leads to the newest release.
    """
    return os.path.abspath(where)  # noqa: PTH100 - absolute() keeps the dots, and resolve() follows links


def shown_as(file: Path, where: Path) -> str:
    """Return the name by which a file is shown and remembered: from the folder that is applied, with slashes."""
    return file.relative_to(where).as_posix() if where.is_dir() else file.name


def _listing(where: Path) -> tuple[list[Path], dict[Path, OSError]]:
    """Return the configuration files, sorted, and the folders that cannot be listed."""
    if where.is_dir():
        unlisted: dict[Path, OSError] = {}
        return sorted(_walk(where, unlisted)), unlisted
    if not where.exists():
        raise InvalidInput("file", f"There is no file or folder {where}.", "Give one that exists.")
    return [where], {}


def _walk(folder: Path, unlisted: dict[Path, OSError]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        unlisted[Path(error.filename)] = error

    for name, folders, files in os.walk(folder, onerror=note):
        folders[:] = [below for below in folders if not below.startswith(".")]
        for file in files:
            if not file.startswith(".") and not file.endswith(SCHEMA) and Path(file).suffix.lower() in PARSERS:
                yield Path(name, file)


def _of_unlisted(folder: Path, error: OSError, where: Path) -> Problem:
    cause = f"The folder {folder} cannot be listed: {error.strerror or error}."
    remedy = "Let whoever applies the files read it, or hide it by a dot before its name."
    return Problem(file=shown_as(folder, where), line=1, column=1, cause=cause, remedy=remedy)


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return UNKNOWN
    return (status.st_size, status.st_mtime_ns)


def _read_file(file: Path, shown: str, found: Reading) -> None:
    try:
        parsed = _parsed(file)
    except UnreadableText as error:
        line, column = error.position
        found.problems.append(Problem(file=shown, line=line, column=column, cause=str(error), remedy="Mend it there."))
        return
    if all(whole.value in (None, {}) for whole in parsed):
        cause, remedy = "There is no document in the file.", "Put something there, or remove the file."
        found.problems.append(Problem(file=shown, line=1, column=1, cause=cause, remedy=remedy))
        return
    for part in (part for whole in parsed for part in _documents(whole)):
        content = part.value if isinstance(part.value, dict) else {}
        document = SourceDocument(file=shown, content=content, positions=part.positions)
        if content.get("kind") in list(Kind):
            found.documents.append(document)
        else:
            found.problems.append(document.without_kind())


def _parsed(file: Path) -> list[Parsed]:
    parse = PARSERS.get(file.suffix.lower(), parse_yaml)
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise UnreadableText((1, 1), f"The file is larger than {LARGEST_FILE:,} bytes.")
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UnreadableText((line, 1), "This is not UTF-8.") from error
    except OSError as error:
        raise UnreadableText((1, 1), f"The file cannot be read: {error.strerror or error}.") from error
    return parse(text)


def _documents(parsed: Parsed) -> Iterator[Parsed]:
    at = ""
    items: JsonValue = parsed.value
    if items is None:
        return
    if isinstance(items, dict) and items.keys() == {"documents"}:
        at, items = "documents.", items["documents"]
    if isinstance(items, list):
        yield from parsed.items(items, at)
    else:
        yield parsed
