"""Looks up secrets where they come from: environment, files, commands. It happens where the files are applied.

What is found travels beside the document and never in it, so that nobody takes it for something written there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from certify_core.configuration.commands import LONGEST, CommandFailed, output_of
from certify_core.configuration.reading import Reading
from certify_core.configuration.references import (
    HOW,
    FromCommand,
    FromCredential,
    FromEnvironment,
    FromFile,
    Reference,
    parse_reference,
    references_in,
)
from certify_core.configuration.sources import Problem, SourceDocument


class _NotFound(Exception):
    """A secret is not where it should be; carries cause and remedy, never a secret."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.remedy = remedy


def with_secrets(reading: Reading, folder: Path, environ: Mapping[str, str] = os.environ) -> Reading:
    """Return what was read with all secrets looked up; what is not found is a problem, in place of its document.

    `folder` is the one that files are named from.
    """
    found = Reading(problems=list(reading.problems))
    for document in reading.documents:
        looked_up, problems = _look_up(document, folder, environ)
        found.problems += problems
        if not problems:
            found.documents.append(looked_up)
    return found


def _look_up(
    document: SourceDocument, folder: Path, environ: Mapping[str, str]
) -> tuple[SourceDocument, list[Problem]]:
    secrets: dict[str, SecretStr] = {}
    problems = []
    for path, value in references_in(document.content):
        try:
            secret = _secret(parse_reference(value), (folder / document.file).parent, environ)
        except _NotFound as error:
            problems.append(document.problem(path, str(error), error.remedy))
        except ValueError as error:
            problems.append(document.problem(path, f"{path}: {error}.", HOW))
        else:
            if secret is not None:
                secrets[path] = SecretStr(secret)
    return document.model_copy(update={"secrets": secrets}), problems


def _secret(reference: Reference, folder: Path, environ: Mapping[str, str]) -> str | None:
    """Return a secret; None for one that is looked up whenever it is used."""
    if isinstance(reference, FromCredential):
        return None
    if isinstance(reference, FromEnvironment):
        if reference.name not in environ:
            raise _NotFound(
                f"There is no environment variable {reference.name}.",
                "Set it for whoever applies the files: `certify apply`, or the service for the folder that it watches.",
            )
        where, secret = f"The environment variable {reference.name}", environ[reference.name]
    elif isinstance(reference, FromFile):
        where, secret = f"The file {reference.path}", _read(folder / reference.path)
    else:
        where, secret = f"The output of {reference.command[0]}", _run(reference, folder)
    if not secret:
        raise _NotFound(f"{where} is empty.", "Put the secret there.")
    return secret


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LONGEST:
            raise _NotFound(f"The file {path} has more than {LONGEST:,} bytes.", "Name the file with the secret alone.")
        return _text(path.read_bytes(), f"The file {path}")
    except OSError as error:
        raise _NotFound(
            f"The file {path} cannot be read: {error.strerror or error}.",
            "Put the secret there, readable by whoever applies the files.",
        ) from error


def _run(reference: FromCommand, folder: Path) -> str:
    try:
        return _text(output_of(reference.command, folder), f"The output of {reference.command[0]}")
    except CommandFailed as error:
        raise _NotFound(str(error), "Run it by hand as whoever applies the files, and see what it says.") from error


def _text(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise _NotFound(f"{where} is not UTF-8.", "Secrets are texts.") from error
