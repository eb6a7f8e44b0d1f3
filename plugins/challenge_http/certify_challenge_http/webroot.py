"""The provider `webroot`: puts answers where a web server that runs already serves files from."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from certify_challenge_http.fetching import fetch
from certify_core.api import Challenge, ChallengeFailed, LocalFault, write_atomically

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_READABLE = 0o644


class WebrootParameters(BaseModel):
    """What the provider `webroot` needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    """The web server's document root: the folder that it serves as `/`."""
    port: int = Field(default=80, ge=1, le=65535)
    """Where the web server listens, for the check through the loopback."""

    @field_validator("path")
    @classmethod
    def _is_absolute(cls, path: Path) -> Path:
        if not path.is_absolute():
            raise ValueError("has to be an absolute path")
        return path


class WebrootProvider:
    """Answers http-01 challenges with files; folders that it made go again when they are empty."""

    name = "webroot"
    title = "http-01, through the document root of a web server"
    challenge_type = "http-01"
    parameters = WebrootParameters

    def present(self, challenge: Challenge, parameters: WebrootParameters) -> None:
        """Write the answer where the web server finds it."""
        if challenge.identifier.is_wildcard:
            raise ChallengeFailed(
                f"{challenge.identifier} is a wildcard, and http-01 cannot prove control of one.",
                "Use a dns-01 challenge provider.",
            )
        if not parameters.path.is_dir():
            raise LocalFault(f"There is no folder {parameters.path}.", "Set path to the web server's document root.")
        file = _file(challenge, parameters)
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            write_atomically(file, challenge.key_authorization.encode(), mode=_READABLE)
        except OSError as error:
            raise LocalFault(
                f"The answer cannot be written to {file}: {error.strerror or error}.",
                "Let the service write there, or use the http provider.",
            ) from error

    def check(self, challenge: Challenge, parameters: WebrootParameters) -> None:
        """Fetch the answer from the web server; where none listens on the loopback the file has to do."""
        try:
            status, body = fetch(parameters.port, challenge.identifier.value, challenge.token)
        except ConnectionRefusedError:
            return
        except OSError as error:
            raise ChallengeFailed(
                f"The web server on port {parameters.port} does not answer: {error}.", "Look at its log."
            ) from error
        # A redirect leads to where the authority will follow it, and we cannot know better.
        redirected = 300 <= status < 400
        if not redirected and body != challenge.key_authorization.encode():
            raise ChallengeFailed(
                f"The web server on port {parameters.port} answers {status} for {challenge.identifier} "
                f"instead of the file in {_file(challenge, parameters).parent}.",
                "Check that path is this name's document root, and that the server serves files without extension.",
            )

    def clean_up(self, challenge: Challenge, parameters: WebrootParameters) -> None:
        """Remove the answer, and the folders above it if nothing else is in them."""
        file = _file(challenge, parameters)
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        # Another order's answer may be there, or the administrator's own files: then they stay.
        with contextlib.suppress(OSError):
            file.parent.rmdir()
            file.parent.parent.rmdir()


def _file(challenge: Challenge, parameters: WebrootParameters) -> Path:
    if not _TOKEN.fullmatch(challenge.token):
        raise ChallengeFailed(
            "The authority's token is not base64url, and could lead out of the folder.", "Do not trust this authority."
        )
    return parameters.path / ".well-known" / "acme-challenge" / challenge.token
