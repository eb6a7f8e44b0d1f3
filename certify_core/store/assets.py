"""Certificates and keys as files: one immutable folder per issued certificate, the key sealed.

    assets/<managed certificate>/<issued>/fullchain.pem
    assets/<managed certificate>/<issued>/privkey.sealed      or privkey.elsewhere, empty, where the user keeps the key

A folder appears whole or not at all; a certificate and another one's key can never meet.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from certify_core.errors import LocalFault
from certify_core.files import read_file, remove_file, remove_leftovers, write_atomically, write_folder_atomically
from certify_core.store.secrets import Vault

_CERTIFICATE = "fullchain.pem"
_KEY = "privkey.sealed"
_NO_KEY = "privkey.elsewhere"
_PROBE_BYTES = 65_536


class Assets:
    """The folder with every issued certificate."""

    def __init__(self, root: Path, vault: Vault) -> None:
        self._root = root
        self._vault = vault

    def save(self, certificate_id: str, issued_id: str, fullchain_pem: str, private_key_pem: str) -> None:
        """Keep a certificate and its key (empty: the user has it); saving the same again after a crash is no error.

        Raises:
            LocalFault: the disk is full or may not be written.
        """
        folder = self._folder(certificate_id, issued_id)
        if folder.exists():
            return
        key = {_KEY: self._vault.seal(private_key_pem.encode(), issued_id)} if private_key_pem else {_NO_KEY: b""}
        try:
            for missing in (self._root, folder.parent):  # the mode is not that of parents made by the way
                missing.mkdir(exist_ok=True, mode=0o700)
            remove_leftovers(folder)
            write_folder_atomically(folder, {_CERTIFICATE: fullchain_pem.encode(), **key})
        except OSError as error:
            raise LocalFault(
                f"The certificate cannot be saved in {folder.parent}: {error.strerror or error}.",
                "Make room or mend the permissions; the order continues by itself and nothing is requested twice.",
            ) from error

    def probe(self) -> None:
        """Write a file as large as a certificate with its chain, and remove it.

        Raises:
            LocalFault: there would be no room, or no permission, for what an authority issues.
        """
        file = self._root / "probe"
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(file, bytes(_PROBE_BYTES))
            file.unlink(missing_ok=True)
        except OSError as error:
            raise LocalFault(
                f"A certificate could not be saved in {self._root}: {error.strerror or error}.",
                "Make room or mend the permissions; the authority was not asked, so nothing is spent.",
            ) from error

    def load(self, certificate_id: str, issued_id: str) -> tuple[str, str]:
        """Return the certificate with its chain, and the private key (empty: the user has it), both PEM.

        Raises:
            LocalFault: the files are gone or damaged.
        """
        folder = self._folder(certificate_id, issued_id)
        fullchain = self.fullchain(certificate_id, issued_id)
        try:
            if (folder / _NO_KEY).exists():
                return fullchain, ""
            sealed = read_file(folder / _KEY)
        except OSError as error:
            raise _unreadable(folder, error) from error
        return fullchain, self._vault.unseal(sealed, issued_id).decode()

    def fullchain(self, certificate_id: str, issued_id: str) -> str:
        """Return the certificate with its chain alone; raises as `load` does."""
        folder = self._folder(certificate_id, issued_id)
        try:
            return read_file(folder / _CERTIFICATE).decode("ascii")
        except (OSError, UnicodeError) as error:
            raise _unreadable(folder, error) from error

    def remove(self, certificate_id: str, issued_id: str) -> None:
        """Remove one issued certificate, its key first: interrupted, it is as one without a key.

        Raises:
            LocalFault: the system refuses.
        """
        folder = self._folder(certificate_id, issued_id)
        try:
            for name in (_KEY, _NO_KEY, _CERTIFICATE):
                remove_file(folder / name)
            folder.rmdir()
        except OSError as error:
            raise LocalFault(
                f"The certificate in {folder} cannot be removed: {error.strerror or error}.",
                "Mend the permissions; nothing but the room that it takes is lost meanwhile.",
            ) from error

    def issued_ids(self, certificate_id: str) -> list[str]:
        """Return what there is of one managed certificate, the oldest first."""
        folder = self._root / certificate_id
        return sorted(path.name for path in folder.glob("[!.]*")) if folder.is_dir() else []

    def lacking(self, certificate_id: str, issued_id: str) -> Path | None:
        """Return the first file that what was issued should have and has not."""
        folder = self._folder(certificate_id, issued_id)
        if not (folder / _CERTIFICATE).exists():
            return folder / _CERTIFICATE
        return None if (folder / _KEY).exists() or (folder / _NO_KEY).exists() else folder / _KEY

    def owners(self) -> list[str]:
        """Return the ids of the managed certificates that have files here, sorted."""
        return sorted(path.name for path in self._root.glob("[!.]*") if path.is_dir())

    def sealed_keys(self) -> Iterator[tuple[Path, str]]:
        """Give the file of every private key, and what it is sealed for."""
        for file in self._root.glob(f"*/[!.]*/{_KEY}"):
            yield file, file.parent.name

    def keys_alone(self) -> Iterator[Path]:
        """Give every folder that holds a private key and no certificate."""
        for file, _ in self.sealed_keys():
            if not (file.parent / _CERTIFICATE).exists():
                yield file.parent

    def delete(self, certificate_id: str) -> None:
        """Remove everything of one managed certificate."""
        shutil.rmtree(self._root / certificate_id, ignore_errors=True)

    def _folder(self, certificate_id: str, issued_id: str) -> Path:
        return self._root / certificate_id / issued_id


def _unreadable(folder: Path, error: OSError | UnicodeError) -> LocalFault:
    return LocalFault(
        f"The saved certificate in {folder} cannot be read: {getattr(error, 'strerror', None) or error}.",
        "Restore the folder from a backup, or request the certificate again.",
    )
