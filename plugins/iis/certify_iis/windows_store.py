"""The machine's certificate stores of Windows (`LocalMachine\\My`, `WebHosting`, `CA`), through crypt32.

A certificate is imported as PKCS#12 with a random password that never leaves the process; its key becomes a key of the
machine. Intermediates go to the store `CA`, where Windows looks for them when it sends the chain.
"""

from __future__ import annotations

import ctypes
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_iis import crypt32
from certify_iis.crypt32 import Blob
from certify_iis.key_access import PrivateKey
from certify_iis.pfx import pack
from certify_iis.store import Stored

_INTERMEDIATES = "CA"


class WindowsStore:
    """The stores of this machine; with `machine_keys` keys belong to it and not to the service's user."""

    def __init__(self, *, machine_keys: bool = True) -> None:
        self._key_flags = crypt32.MACHINE_KEYSET if machine_keys else 0

    def put(self, bundle: CertificateBundle, store: str, *, friendly_name: str, exportable: bool) -> bool:
        """Import certificate, key and intermediates; return False if all was there already."""
        found = self.find(bundle.thumbprint, store)
        self._add_intermediates(bundle)
        if found is not None and found.has_key:
            return False
        password = secrets.token_urlsafe(32)
        # Windows Server 2016 and older read the legacy encryption alone; the intermediates have a store of their own.
        content = pack(replace(bundle, chain_pem=""), password, legacy=True)
        flags = self._key_flags | (crypt32.EXPORTABLE if exportable else 0)
        with self._imported(content, password, flags) as imported, self._opened(store) as opened:
            for context in self._contexts(imported):
                self._set_friendly_name(context, friendly_name)
                added = self._crypt.CertAddCertificateContextToStore(
                    opened, context, crypt32.ADD_REPLACE_EXISTING, None
                )
                _require(added, f"add the certificate to the store {store}")
        if self.find(bundle.thumbprint, store) is None:
            raise DeploymentFailed(
                f"The certificate of {bundle.name} is not in the store {store} after its import.",
                "See what removes certificates there, such as a policy or an antivirus program.",
            )
        return True

    def find(self, thumbprint: str, store: str) -> Stored | None:
        """Return a certificate, or None."""
        with self._opened(store, read_only=True) as opened, self._found(opened, thumbprint) as context:
            return self._stored(context) if context else None

    def certificates(self, store: str) -> Sequence[Stored]:
        """Return all certificates of a store."""
        with self._opened(store, read_only=True) as opened:
            return [self._stored(context) for context in self._contexts(opened)]

    def require_write(self, store: str) -> None:
        """Open a store as `put` does, and put nothing."""
        with self._opened(store):
            pass

    def check_key(self, thumbprint: str, store: str) -> None:
        """Open the private key and compare it with the certificate."""
        with self._key(thumbprint, store):
            pass

    def grant_read(self, thumbprint: str, store: str, account: str) -> None:
        """Let an account use the private key."""
        with self._key(thumbprint, store) as key:
            key.grant_read(account)

    def may_read(self, thumbprint: str, store: str, account: str) -> bool:
        """Return whether an account is among those that may use the private key."""
        with self._key(thumbprint, store) as key:
            return key.lets_read(account)

    def remove(self, thumbprint: str, store: str) -> None:
        """Remove a certificate; its key is left to Windows, as other certificates may have the same."""
        with self._opened(store) as opened, self._found(opened, thumbprint) as context:
            if context:
                # Frees the context that it is given, also when it fails.
                duplicate = self._crypt.CertDuplicateCertificateContext(context)
                removed = self._crypt.CertDeleteCertificateFromStore(duplicate)
                _require(removed, f"remove the certificate {thumbprint} from the store {store}")

    @cached_property
    def _crypt(self) -> Any:
        return crypt32.load("crypt32")

    @contextmanager
    def _opened(self, store: str, *, read_only: bool = False) -> Iterator[Any]:
        flags = crypt32.LOCAL_MACHINE | (crypt32.READ_ONLY if read_only else 0)
        opened = self._crypt.CertOpenStore(crypt32.STORE_PROVIDER_SYSTEM, 0, None, flags, store)
        _require(opened, f"open the certificate store LocalMachine\\{store}")
        try:
            yield opened
        finally:
            self._crypt.CertCloseStore(opened, 0)

    @contextmanager
    def _imported(self, content: bytes, password: str, flags: int) -> Iterator[Any]:
        buffer = ctypes.create_string_buffer(content, len(content))
        imported = self._crypt.PFXImportCertStore(ctypes.byref(Blob.of(buffer)), password, flags)
        _require(imported, "import the certificate with its key")
        try:
            yield imported
        finally:
            self._crypt.CertCloseStore(imported, 0)

    @contextmanager
    def _found(self, opened: Any, thumbprint: str) -> Iterator[Any]:
        digest = bytes.fromhex(thumbprint)
        buffer = ctypes.create_string_buffer(digest, len(digest))
        context = self._crypt.CertFindCertificateInStore(
            opened, crypt32.ENCODING, 0, crypt32.FIND_SHA1, ctypes.byref(Blob.of(buffer)), None
        )
        try:
            yield context
        finally:
            if context:
                self._crypt.CertFreeCertificateContext(context)

    @contextmanager
    def _key(self, thumbprint: str, store: str) -> Iterator[PrivateKey]:
        with self._opened(store, read_only=True) as opened, self._found(opened, thumbprint) as context:
            if not context:
                raise DeploymentFailed(
                    f"The certificate {thumbprint} is not in the store {store}.",
                    "Deploy again; see what removes certificates there.",
                )
            with PrivateKey.of(self._crypt, context, thumbprint) as key:
                yield key

    def _contexts(self, opened: Any) -> Iterator[Any]:
        """Yield each certificate; valid until the next one is asked for."""
        context = self._crypt.CertEnumCertificatesInStore(opened, None)
        while context:
            yield context
            context = self._crypt.CertEnumCertificatesInStore(opened, context)

    def _stored(self, context: Any) -> Stored:
        name = self._property(context, crypt32.FRIENDLY_NAME) or b""
        digest = self._property(context, crypt32.SHA1_HASH) or b""
        return Stored(
            thumbprint=digest.hex().upper(),
            friendly_name=name.decode("utf-16-le", "replace").rstrip("\0"),
            not_after=_not_after(ctypes.string_at(context.contents.data, context.contents.size)),
            has_key=self._property(context, crypt32.KEY_PROVIDER_INFO) is not None,
        )

    def _property(self, context: Any, number: int) -> bytes | None:
        size = crypt32.dword()
        if not self._crypt.CertGetCertificateContextProperty(context, number, None, ctypes.byref(size)):
            return None
        buffer = ctypes.create_string_buffer(size.value)
        if not self._crypt.CertGetCertificateContextProperty(context, number, buffer, ctypes.byref(size)):
            return None
        return buffer.raw[: size.value]

    def _set_friendly_name(self, context: Any, name: str) -> None:
        text = ctypes.create_unicode_buffer(name)
        done = self._crypt.CertSetCertificateContextProperty(
            context, crypt32.FRIENDLY_NAME, 0, ctypes.byref(Blob.of(text))
        )
        _require(done, "give the certificate its friendly name")

    def _add_intermediates(self, bundle: CertificateBundle) -> None:
        chain = x509.load_pem_x509_certificates(bundle.chain_pem.encode()) if bundle.chain_pem else []
        with self._opened(_INTERMEDIATES) as opened:
            for certificate in chain:
                content = certificate.public_bytes(Encoding.DER)
                done = self._crypt.CertAddEncodedCertificateToStore(
                    opened, crypt32.ENCODING, content, len(content), crypt32.ADD_USE_EXISTING, None
                )
                _require(done, f"add an intermediate certificate to the store {_INTERMEDIATES}")


def _not_after(content: bytes) -> float:
    try:
        return x509.load_der_x509_certificate(content).not_valid_after_utc.timestamp()
    except ValueError:
        # Windows holds certificates that stricter readers refuse; without an end they are never cleaned up.
        return float("inf")


def _require(result: Any, action: str) -> None:
    if not result:
        raise DeploymentFailed(
            f"Windows refused to {action}: {crypt32.describe(crypt32.last_error())}.",
            "Run the service as LocalSystem or as an administrator, and see that no policy forbids it.",
        )
