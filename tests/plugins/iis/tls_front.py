"""A TLS server on this machine that shows what http.sys would show: by the bindings of an IIS in memory."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from certify_iis.bindings import CENTRAL_STORE, SNI, Binding
from tests.plugins.iis.memory_iis import MemoryIis
from tests.plugins.iis.memory_store import MemoryStore


class TlsFront:
    """Listens on a free port of 127.0.0.1 while the block runs."""

    def __init__(self, iis: MemoryIis, store: MemoryStore, central: Path, folder: Path) -> None:
        """`central` is the folder of the central certificate store, `folder` one for files of its own."""
        self._iis, self._store, self._central, self._folder = iis, store, central, folder
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.silent = False
        """Whether it breaks every handshake off."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.sni_callback = self._choose
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> TlsFront:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes the thread up, which a close alone does not.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                self._context.wrap_socket(connection, server_side=True).close()

    def _choose(self, tls: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        binding = self._binding(name or "")
        files = self._files(binding, name or "") if binding and not self.silent else None
        if files is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        tls.context = context
        return None

    def _binding(self, name: str) -> Binding | None:
        found = [
            binding
            for site in self._iis.sites()
            for binding in site.bindings
            if binding.is_https and binding.port == self.port and site.started
        ]
        by_name = [binding for binding in found if binding.flags & SNI and binding.host.lower() == name.lower()]
        return next(iter(by_name or [binding for binding in found if not binding.flags & SNI]), None)

    def _files(self, binding: Binding, name: str) -> tuple[Path, Path] | None:
        if binding.flags & CENTRAL_STORE:
            return self._central_files(name)
        bundle = self._store.bundles.get(binding.certificate.thumbprint)
        return self._written(bundle.certificate_pem, bundle.private_key_pem) if bundle else None

    def _central_files(self, name: str) -> tuple[Path, Path] | None:
        _, _, parent = name.partition(".")
        for path in (self._central / f"{name}.pfx", self._central / f"_.{parent}.pfx"):
            if path.exists():
                found = pkcs12.load_pkcs12(path.read_bytes(), b"secret")
                assert found.key is not None
                assert found.cert is not None
                key = found.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                return self._written(found.cert.certificate.public_bytes(Encoding.PEM).decode(), key.decode())
        return None

    def _written(self, certificate: str, key: str) -> tuple[Path, Path]:
        paths = self._folder / "shown.pem", self._folder / "shown.key"
        for path, content in zip(paths, (certificate, key), strict=True):
            path.write_text(content)
        return paths
