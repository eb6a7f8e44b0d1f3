"""The provider `webroot`: puts answers where a web server that runs already serves files from."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from certify_challenge_http.answerable import ensure_answerable, has_safe_token
from certify_challenge_http.fetching import fetch
from certify_challenge_http.iis_folder import forget, help_serving
from certify_core.api import Challenge, ChallengeFailed, LocalFault, remove_file, remove_leftovers, write_atomically

_READABLE_FILE = 0o644
_READABLE_FOLDER = 0o755


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("has to be an absolute path")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class WebrootParameters(BaseModel):
    """What the provider `webroot` needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: AbsolutePath
    """The web server's document root: the folder that it serves as `/`."""
    port: int = Field(default=80, ge=1, le=65535)
    """Where the web server listens, for the check through the loopback."""


class WebrootProvider:
    """Answers http-01 challenges with files; the folders for them go again when they are empty."""

    name = "webroot"
    title = "http-01, through the document root of a web server"
    challenge_type = "http-01"
    parameters = WebrootParameters

    def __init__(self, *, for_iis: bool = os.name == "nt") -> None:
        """Make it; `for_iis` says whether the web server may be IIS, which has to be told to serve such files."""
        self._for_iis = for_iis
        self._locks: dict[Path, threading.Lock] = {}

    def present(self, challenge: Challenge, parameters: WebrootParameters) -> None:
        """Write the answer where the web server finds it."""
        ensure_answerable(challenge)
        file = _file(challenge, parameters)
        try:
            if not parameters.path.is_dir():
                raise LocalFault(
                    f"There is no folder {parameters.path}.", "Set path to the web server's document root."
                )
            with self._lock(parameters):
                _write(file, challenge.key_authorization.encode())
                if self._for_iis:
                    help_serving(file.parent, lambda: _is_served(challenge, parameters))
        except OSError as error:
            raise LocalFault(
                f"The answer cannot be written to {file}: {error.strerror or error}.",
                "Let the service write there, or use the http provider.",
            ) from error

    def check(self, challenge: Challenge, parameters: WebrootParameters) -> None:
        """Fetch the answer from the web server; where none listens on the loopback the file has to do."""
        ensure_answerable(challenge)
        try:
            status, body = fetch(parameters.port, challenge.identifier.value, challenge.token)
        except ConnectionRefusedError:
            return _look_at_file(challenge, parameters)
        except OSError as error:
            raise ChallengeFailed(
                f"The web server on port {parameters.port} does not answer: {error}.", "Look at its log."
            ) from error
        if 300 <= status < 400:
            # It leads to where the authority will follow, and we cannot know better (RFC 8555 section 8.3).
            return _look_at_file(challenge, parameters)
        if (status, body) != (200, challenge.key_authorization.encode()):
            raise ChallengeFailed(
                f"The web server on port {parameters.port} answers {status or 'no HTTP'} for {challenge.identifier} "
                f"instead of the file in {_file(challenge, parameters).parent}.",
                "Check that path is this name's document root, and that the server serves files without extension.",
            )
        return None

    def clean_up(self, challenge: Challenge, parameters: WebrootParameters) -> None:
        """Remove the answer, and the folders above it if nothing else is in them."""
        if not has_safe_token(challenge):
            return
        file = _file(challenge, parameters)
        # Also where it only looks for leftovers: not every system takes a folder away while it is being read.
        with self._lock(parameters):
            try:
                # Without the folder there is nothing to remove; another order may have taken it away just now.
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    remove_leftovers(file)
                    remove_file(file)
                    forget(file.parent)
            except OSError as error:
                raise LocalFault(
                    f"The answer cannot be removed from {file}: {error.strerror or error}.", "Remove it by hand."
                ) from error
            # Another order's answer may be there, or the administrator's own files: then they stay.
            with contextlib.suppress(OSError):
                file.parent.rmdir()
                file.parent.parent.rmdir()

    def _lock(self, parameters: WebrootParameters) -> threading.Lock:
        """Return what keeps an order from taking the folders away, still empty, in which another one is to write."""
        return self._locks.setdefault(parameters.path, threading.Lock())


def _file(challenge: Challenge, parameters: WebrootParameters) -> Path:
    return parameters.path / ".well-known" / "acme-challenge" / challenge.token


def _write(file: Path, content: bytes) -> None:
    for folder in (file.parent.parent, file.parent):
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(_READABLE_FOLDER)  # the process's umask has had its say in mkdir
    write_atomically(file, content, mode=_READABLE_FILE)


def _is_served(challenge: Challenge, parameters: WebrootParameters) -> bool | None:
    """Whether the answer is served; None if that cannot be seen from here (see `WebrootProvider.check`)."""
    try:
        status, body = fetch(parameters.port, challenge.identifier.value, challenge.token)
    except ConnectionRefusedError:
        return None
    except OSError:
        return False
    return None if 300 <= status < 400 else (status, body) == (200, challenge.key_authorization.encode())


def _look_at_file(challenge: Challenge, parameters: WebrootParameters) -> None:
    file = _file(challenge, parameters)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ChallengeFailed(
            f"The answer cannot be read from {file}: {error.strerror or error}.", "Look for what removes it."
        ) from error
    if content != challenge.key_authorization.encode():
        raise ChallengeFailed(f"{file} holds something else than the answer.", "Look for what writes there.")
