"""The central certificate store (CCS): a folder with one PKCS#12 file for each name, which IIS reads by itself.

https://learn.microsoft.com/iis/get-started/whats-new-in-iis-8/iis-80-centralized-ssl-certificate-support-ssl-scalability-and-manageability
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from certify_core.api import CertificateBundle, DeploymentFailed, Undo, write_atomically
from certify_iis.matching import canonical
from certify_iis.parameters import IisParameters
from certify_iis.pfx import pack


def files(bundle: CertificateBundle, parameters: IisParameters) -> dict[str, Path]:
    """Return the file for each of the certificate's names: `<host>.pfx`, with `_` for a wildcard's `*`."""
    names = [canonical(name) for name in bundle.identifiers if ":" not in name]
    return {name: Path(parameters.ccs_path) / f"{name.replace('*', '_', 1)}.pfx" for name in names}


def is_current(path: Path, bundle: CertificateBundle, parameters: IisParameters) -> bool:
    """Return whether a file holds the certificate and its key.

    Raises:
        DeploymentFailed: the file is there and cannot be read, or the password does not open it. IIS has one password
            for all files: with another one than that, a new file would be of no use to it.
    """
    with _refusals("read", path):
        if not path.exists():
            return False
        content = path.read_bytes()
    try:
        found = pkcs12.load_pkcs12(content, _password(parameters).encode() or None)
    except ValueError:
        raise DeploymentFailed(
            f"{path} does not open with ccs_password.",
            "Give the password that the central certificate store has in IIS. If that is a new one, or if the file is "
            "damaged, remove the file first.",
        ) from None
    wanted = x509.load_pem_x509_certificate(bundle.certificate_pem.encode())
    return found.key is not None and found.cert is not None and found.cert.certificate == wanted


def put(bundle: CertificateBundle, parameters: IisParameters) -> Undo:
    """Write the files that differ; return how to put the previous ones back.

    Raises:
        DeploymentFailed: the folder is missing or cannot be written; the previous files are in place.
    """
    previous: dict[Path, bytes | None] = {}

    def put_back() -> None:
        for path, content in previous.items():
            with _refusals("write", path):
                if content is None:
                    path.unlink(missing_ok=True)
                else:
                    write_atomically(path, content)

    try:
        for path in files(bundle, parameters).values():
            if is_current(path, bundle, parameters):
                continue
            content = pack(bundle, _password(parameters), legacy=parameters.ccs_encryption == "legacy")
            with _refusals("write", path):
                before = path.read_bytes() if path.exists() else None
                write_atomically(path, content)
            previous[path] = before
    except DeploymentFailed:
        with suppress(DeploymentFailed):  # what matters is why it failed the first time
            put_back()
        raise
    return put_back


def _password(parameters: IisParameters) -> str:
    return parameters.ccs_password.get_secret_value()


@contextmanager
def _refusals(action: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DeploymentFailed(
            f"Cannot {action} {path}: {error.strerror}.",
            "See that the folder of the central certificate store exists and that the service may write there.",
        ) from error
