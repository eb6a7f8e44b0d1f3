"""The reload command: when it runs, what it is told, and what follows if it fails."""

from __future__ import annotations

import os
import shlex
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.target import FilesTarget

Parameters = Callable[..., FilesParameters]


def shell(script: str) -> str:
    return f"sh -c {shlex.quote(script)}"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where a reload command writes what it has seen."""
    return tmp_path / "journal"


def test_it_runs_when_the_files_are_in_place(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, journal: Path
) -> None:
    target.apply(bundle, parameters(reload=shell(f'cat "$CERTIFY_DIR/privkey.pem" > {journal}')))
    assert journal.read_text() == bundle.private_key_pem


def test_it_is_told_what_was_deployed(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path, journal: Path
) -> None:
    script = f'printf "%s\\n" "$CERTIFY_NAME" "$CERTIFY_DIR" "$CERTIFY_THUMBPRINT" > {journal}'
    target.apply(bundle, parameters(reload=shell(script)))
    assert journal.read_text().splitlines() == ["app.test", str(folder), bundle.thumbprint]


def test_it_runs_again_although_no_file_differs(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, journal: Path
) -> None:
    counted = parameters(reload=shell(f"echo once >> {journal}"))
    target.apply(bundle, counted)
    target.apply(bundle, counted)
    assert journal.read_text() == "once\nonce\n"


def test_no_shell_reads_it(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, journal: Path
) -> None:
    target.apply(bundle, parameters(reload=f"echo $(touch {journal}) ; touch {journal} > {journal}"))
    assert not journal.exists()


def test_undo_runs_it_with_the_previous_files(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    journal: Path,
) -> None:
    shown = parameters(reload=shell(f'cat "$CERTIFY_DIR/cert.pem" > {journal}'))
    target.apply(bundle, shown)
    target.apply(renewed, shown)()
    assert journal.read_text() == bundle.certificate_pem


def test_no_secret_reaches_it(
    target: FilesTarget,
    bundle: CertificateBundle,
    parameters: Parameters,
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither key nor password nor the service's own settings are in arguments or environment."""
    monkeypatch.setenv("CERTIFY_MASTER_KEY", "hunter2")
    script = f"cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline > {journal}"
    target.apply(bundle, parameters(reload=shell(script), pfx="true", pfx_password="hunter2"))
    seen = journal.read_text()
    key_lines = bundle.private_key_pem.splitlines()[1:-1]
    assert ("CERTIFY_NAME=app.test" in seen, [part for part in [*key_lines, "hunter2"] if part in seen]) == (True, [])


# Failing


def test_a_failure_puts_the_previous_files_back(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    folder: Path,
) -> None:
    target.apply(bundle, parameters())
    with pytest.raises(DeploymentFailed, match="The previous files are back"):
        target.apply(renewed, parameters(reload="false"))
    target.verify(bundle, parameters())
    assert sorted(path.name for path in folder.iterdir()) == ["cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"]


def test_a_failure_of_the_first_deployment_leaves_nothing(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    with pytest.raises(DeploymentFailed):
        target.apply(bundle, parameters(reload="false"))
    assert not folder.exists()


def test_after_a_failure_the_server_is_told_of_the_previous_files(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    journal: Path,
) -> None:
    target.apply(bundle, parameters())
    with pytest.raises(DeploymentFailed):
        target.apply(renewed, parameters(reload=shell(f'cat "$CERTIFY_DIR/cert.pem" >> {journal}; exit 1')))
    assert journal.read_text() == renewed.certificate_pem + bundle.certificate_pem


def test_a_failure_names_command_exit_code_and_last_words(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    command = shell("seq 1000; echo 'host not found in \033[31mupstream' >&2; exit 7")
    with pytest.raises(DeploymentFailed) as failed:
        target.apply(bundle, parameters(reload=command))
    assert failed.value.cause == (
        f"The reload command {command!r} ended with exit code 7. It said: 994 | 995 | 996 | 997 | 998 | 999 | 1000 | "
        "host not found in [31mupstream. The previous files are back."
    )


def test_a_command_that_does_not_exist_is_named(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    with pytest.raises(DeploymentFailed, match="'no-such-program -x' could not be started: No such file"):
        target.apply(bundle, parameters(reload="no-such-program -x"))


def test_a_command_that_hangs_is_stopped_with_all_it_started(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, journal: Path
) -> None:
    script = f"sleep 1000 & echo $! >> {journal}; sleep 1000"
    with pytest.raises(DeploymentFailed, match="took more than 1 s"):
        target.apply(bundle, parameters(reload=shell(script), reload_timeout="1"))
    started = journal.read_text().split()
    assert [ended_within(10, int(pid)) for pid in started] == [True, True]


def test_a_server_that_the_command_leaves_running_is_not_waited_for(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, journal: Path
) -> None:
    started = time.monotonic()
    target.apply(bundle, parameters(reload=shell(f"sleep 30 & echo $! > {journal}")))
    took = time.monotonic() - started
    os.kill(int(journal.read_text()), signal.SIGKILL)
    assert took < 20


def ended_within(seconds: float, pid: int) -> bool:
    """Wait until a process has ended; who started it may not have asked for its exit code yet."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        pause.wait(0.05)
    return False
