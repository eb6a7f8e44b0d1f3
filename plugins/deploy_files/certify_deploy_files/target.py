"""The target `files`: what is planned, put in place, put back and verified."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509

from certify_core.api import CertificateBundle, DeploymentFailed, PlannedChange, Undo
from certify_deploy_files.endpoint import server_name_for, wait_until_served
from certify_deploy_files.faults import refusals_of
from certify_deploy_files.formats import Rendered, render
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.reload import run_reload
from certify_deploy_files.replacement import HAS_POSIX_RIGHTS, FileState, read_state, replace_files, sweep

FOLDER_MODE = 0o755
_UNCHANGED = "unchanged"


class FilesTarget:
    """Puts key, certificate and chain into a folder, and makes the server read them."""

    name = "files"
    title = "Files in a folder (PEM, PFX, DER)"
    parameters = FilesParameters

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()

    def plan(self, bundle: CertificateBundle, parameters: FilesParameters) -> Sequence[PlannedChange]:
        """Say which files would be written and what would be run.

        Raises:
            DeploymentFailed: what `apply` would fail on, as far as it can be seen beforehand.
        """
        with refusals_of("read", parameters.dir):
            _require_folder_or_nothing(parameters.dir)
            changes = [
                PlannedChange("write", str(file.path), _difference(read_state(file.path), file))
                for file in render(bundle, parameters)
            ]
        if parameters.reload:
            changes.append(PlannedChange("run", parameters.reload))
        return changes

    def apply(self, bundle: CertificateBundle, parameters: FilesParameters) -> Undo:
        """Replace all files that differ and run the reload command; if that fails, put the previous files back.

        The command runs also if no file differs: a crash between files and command looks just like that.

        Raises:
            DeploymentFailed: says what was refused, or how the command ended; the previous files are in place.
        """
        wanted = render(bundle, parameters)
        with self._writing(parameters), _folder(parameters.dir) as made:
            sweep(file.path for file in wanted)
            differing = [file for file in wanted if _difference(read_state(file.path), file) != _UNCHANGED]
            previous = replace_files({file.path: file.state for file in differing})

        def put_back() -> None:
            with self._writing(parameters):
                replace_files(previous)
                _remove_empty(made)

        def undo() -> None:
            put_back()
            run_reload(bundle, parameters)

        try:
            run_reload(bundle, parameters)
        except DeploymentFailed as failed:
            outcome = _outcome(put_back)
            with suppress(DeploymentFailed):  # what matters is why it failed the first time
                run_reload(bundle, parameters)
            raise DeploymentFailed(f"{failed.cause} {outcome}", failed.remedy) from failed
        return undo

    def verify(self, bundle: CertificateBundle, parameters: FilesParameters) -> None:
        """Read the files back (they hold a key and a certificate that belong together), then ask the server.

        Raises:
            DeploymentFailed: a file is missing or differs, or the server shows another certificate.
        """
        with refusals_of("read", parameters.dir):
            for file in render(bundle, parameters):
                there = read_state(file.path)
                if there is None or not file.is_same(there.content):
                    state = "is missing" if there is None else "holds something else than what was deployed"
                    raise DeploymentFailed(f"{file.path} {state}.", "Deploy again; see what else writes there.")
        if parameters.endpoint is None:
            return
        first, second = _parsed(bundle), _parsed(bundle.second) if bundle.second else None
        for certificate, beside in [(first, second)] + ([(second, first)] if second else []):
            wait_until_served(
                certificate,
                parameters.endpoint,
                server_name=parameters.verify_name or server_name_for(bundle.identifiers),
                timeout=parameters.verify_timeout,
                beside=beside,
            )

    @contextmanager
    def _writing(self, parameters: FilesParameters) -> Iterator[None]:
        with self._one_at_a_time, refusals_of("write to", parameters.dir):
            yield


def _parsed(bundle: CertificateBundle) -> x509.Certificate:
    return x509.load_pem_x509_certificate(bundle.certificate_pem.encode())


def _difference(there: FileState | None, file: Rendered) -> str:
    """Say how what is there differs from what is wanted."""
    if there is None:
        return "new"
    if not file.is_same(there.content):
        return "replaced"
    if HAS_POSIX_RIGHTS and there.mode != file.state.mode:
        return f"mode {there.mode:04o} becomes {file.state.mode:04o}"
    if file.state.owner not in {None, there.owner}:
        return "owner changes"
    return _UNCHANGED


def _outcome(put_back: Undo) -> str:
    """Put the previous files back and say how that went."""
    try:
        put_back()
    except DeploymentFailed as failed:
        return f"The previous files could not be put back: {failed.cause}"
    return "The previous files are back."


@contextmanager
def _folder(path: Path) -> Iterator[list[Path]]:
    """Make a folder and what lacks above it; yield what was made, and remove it if the block fails."""
    _require_folder_or_nothing(path)
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        for folder in reversed(made):
            folder.mkdir(exist_ok=True)
            folder.chmod(FOLDER_MODE)  # whatever the umask says
        yield made
    except BaseException:
        _remove_empty(made)
        raise


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, the deepest first, up to one that somebody has put something into."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _require_folder_or_nothing(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise DeploymentFailed(f"{path} is a file, not a folder.", "Give the parameter dir the path of a folder.")
