"""Runs the user's reload command: no shell, no input, a time limit, and its last words in the failure.

Output goes to a temporary file rather than a pipe: a server that the command leaves running would hold a pipe open, and
the call would wait for ever. The service's own CERTIFY_* variables, which may hold secrets, are not handed on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from typing import IO

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_deploy_files.parameters import FilesParameters

_TAIL_BYTES = 2000
_TAIL_LINES = 8


def run_reload(bundle: CertificateBundle, parameters: FilesParameters) -> None:
    """Run the command, if there is one.

    Raises:
        DeploymentFailed: it could not be started, took too long, or ended with another code than 0.
    """
    if not parameters.reload:
        return
    with tempfile.TemporaryFile() as output:
        code = _run(parameters, _environment(bundle, parameters), output)
        if code == 0:
            return
        ended = f"took more than {parameters.reload_timeout:g} s" if code is None else f"ended with exit code {code}"
        raise DeploymentFailed(
            f"The reload command {parameters.reload!r} {ended}. {_last_words(output)}",
            "Run the command by hand as the user of the service, and correct what it says or the parameter reload.",
        )


def _run(parameters: FilesParameters, environment: Mapping[str, str], output: IO[bytes]) -> int | None:
    """Return the exit code, None if the command had to be stopped."""
    try:
        process = subprocess.Popen(
            parameters.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise DeploymentFailed(
            f"The reload command {parameters.reload!r} could not be started: {error.strerror or error}.",
            "Give the full path of a program that the user of the service may run.",
        ) from error
    try:
        return process.wait(parameters.reload_timeout)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a command that still runs, together with what it has started."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _environment(bundle: CertificateBundle, parameters: FilesParameters) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith("CERTIFY_")}
    return inherited | {
        "CERTIFY_NAME": bundle.name,
        "CERTIFY_DIR": str(parameters.dir),
        "CERTIFY_THUMBPRINT": bundle.thumbprint,
    }


def _last_words(output: IO[bytes]) -> str:
    output.seek(max(0, output.seek(0, os.SEEK_END) - _TAIL_BYTES))
    lines = output.read().decode(errors="replace").split("\n")
    printable = ("".join(char for char in line if char.isprintable()).strip() for line in lines)
    said = [line for line in printable if line][-_TAIL_LINES:]
    return f"It said: {' | '.join(said).rstrip('.')}." if said else "It said nothing."
