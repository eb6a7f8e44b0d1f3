"""Secrets at rest: sealed with AES-256-GCM under a master key in a file that its owner alone reads.

A sealed value is bound to what it is for (its `purpose`), so that one row's secret cannot be moved to another. While
the master key is being changed the file holds several keys, the newest first: the newest seals, every one opens.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from certify_core.contracts import SecretKeeper
from certify_core.errors import CertifyError, LocalFault
from certify_core.files import read_file, write_atomically
from certify_core.store.key_protection import KeyProtection

FILE = "master.key"
PARAMETER = "parameter"
"""The purpose of what plugins' parameters keep secret."""
KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"
_log = logging.getLogger(__name__)


class Vault:
    """Seals and opens secrets."""

    def __init__(self, path: Path, *keys: bytes, keepers: Sequence[SecretKeeper] = ()) -> None:
        """Use these keys, the newest first; `path` is where they are kept, protected by the first of `keepers`."""
        self._path = path
        self._protection = KeyProtection(path, keepers)
        self._keys = keys
        self._ciphers = tuple(AESGCM(key) for key in keys)

    @classmethod
    def open(cls, data_dir: Path, keepers: Sequence[SecretKeeper] = ()) -> Vault:
        """Return the vault of a data folder; its master key is made on first use, and a plain one taken over.

        Raises:
            LocalFault: the key file is damaged or cannot be read.
        """
        path = data_dir / FILE
        protection = KeyProtection(path, keepers)
        try:
            if not path.exists():
                write_atomically(path, protection.add(AESGCM.generate_key(KEY_BYTES * 8)))
            kept = read_file(path)
        except OSError as error:
            raise LocalFault(
                f"The master key {path} cannot be read: {error}.", "Restore it from a backup, or mend its permissions."
            ) from error
        content = protection.remove(kept)
        if not content or len(content) % KEY_BYTES:
            raise LocalFault(f"The master key {path} is damaged.", "Restore it from a backup of the data folder.")
        keys = (content[start : start + KEY_BYTES] for start in range(0, len(content), KEY_BYTES))
        vault = cls(path, *keys, keepers=keepers)
        if not protection.is_up_to_date(kept):
            vault._take_over()
        return vault

    @property
    def has_old_keys(self) -> bool:
        """Whether secrets may still be sealed under an earlier key."""
        return len(self._keys) > 1

    def add_key(self) -> None:
        """Seal under a new key from now on; what is sealed under the earlier ones can be opened as before.

        Raises:
            LocalFault: the key file cannot be written; then nothing has changed.
        """
        self._keep(AESGCM.generate_key(KEY_BYTES * 8), *self._keys)

    def drop_old_keys(self) -> None:
        """Forget all keys but the newest: what is sealed under another one is lost.

        Raises:
            LocalFault: the key file cannot be written; then nothing has changed.
        """
        self._keep(self._keys[0])

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """Return `secret` encrypted for `purpose`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._ciphers[0].encrypt(nonce, secret, purpose.encode())

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """Return the secret.

        Raises:
            LocalFault: it was sealed under another key or for another purpose, or is damaged.
        """
        for cipher in self._ciphers:
            secret = _opened(cipher, sealed, purpose)
            if secret is not None:
                return secret
        raise LocalFault(
            f"The secret for {purpose} cannot be decrypted.",
            f"Restore {FILE} that it was made with, or request the certificate again.",
        )

    def resealed(self, sealed: bytes, purpose: str) -> bytes:
        """Return the same secret under the newest key; the same octets if it is that already.

        Raises:
            LocalFault: as `unseal` does.
        """
        if _opened(self._ciphers[0], sealed, purpose) is not None:
            return sealed
        return self.seal(self.unseal(sealed, purpose), purpose)

    def _take_over(self) -> None:
        """Protect what was plain, or another keeper's; what cannot be protected now is by the next start."""
        try:
            self._keep(*self._keys)
        except CertifyError as error:
            _log.warning("The master key stays as it is: %s", error)

    def _keep(self, *keys: bytes) -> None:
        try:
            write_atomically(self._path, self._protection.add(b"".join(keys)))
        except OSError as error:
            raise LocalFault(
                f"The master key {self._path} cannot be written: {error.strerror or error}.",
                "Make room or mend its permissions; nothing has changed.",
            ) from error
        self._keys, self._ciphers = keys, tuple(AESGCM(key) for key in keys)


def _opened(cipher: AESGCM, sealed: bytes, purpose: str) -> bytes | None:
    form, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if form != _FORMAT:
        return None
    try:
        return cipher.decrypt(nonce, body, purpose.encode())
    except (InvalidTag, ValueError):
        return None
