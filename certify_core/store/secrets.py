"""Secrets at rest: sealed with AES-256-GCM under one master key that lives in a 0600 file of the data folder.

A sealed value is bound to what it is for (its `purpose`), so that one row's secret cannot be moved to another.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from certify_core.errors import LocalFault
from certify_core.files import write_atomically

FILE = "master.key"
KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class Vault:
    """Seals and opens secrets."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def open(cls, data_dir: Path) -> Vault:
        """Return the vault of a data folder; its master key is made on first use.

        Raises:
            LocalFault: the key file is damaged or cannot be read.
        """
        path = data_dir / FILE
        try:
            if not path.exists():
                write_atomically(path, AESGCM.generate_key(KEY_BYTES * 8))
            key = path.read_bytes()
        except OSError as error:
            raise LocalFault(
                f"The master key {path} cannot be read: {error}.", "Restore it from a backup, or mend its permissions."
            ) from error
        if len(key) != KEY_BYTES:
            raise LocalFault(f"The master key {path} is damaged.", "Restore it from a backup of the data folder.")
        return cls(key)

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """Return `secret` encrypted for `purpose`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, secret, purpose.encode())

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """Return the secret.

        Raises:
            LocalFault: it was sealed under another key or for another purpose, or is damaged.
        """
        form, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce if form == _FORMAT else b"", body, purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise LocalFault(
                f"The secret for {purpose} cannot be decrypted.",
                f"Restore {FILE} that it was made with, or request the certificate again.",
            ) from error
