"""The machine's certificate stores, on a Windows Python: import, names, intermediates, keys and who may read them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_iis import crypt32
from certify_iis.store import friendly_name
from certify_iis.windows_store import WindowsStore
from tests.support.certificates import CertificateAuthority, rsa_key

FRIENDLY = "app.test [Certify] - 2026-01-01 to 2026-04-01"


def test_the_declared_structures_are_as_large_as_those_of_64_bit_windows() -> None:
    assert (crypt32.Context.data.offset, crypt32.Blob.data.offset) == (8, 8)


if sys.platform == "win32":

    @pytest.fixture(scope="module")
    def authority() -> CertificateAuthority:
        return CertificateAuthority()

    @pytest.fixture
    def bundle(authority: CertificateAuthority) -> CertificateBundle:
        return authority.issue("app.test", "www.app.test", key=rsa_key())

    @pytest.fixture
    def store() -> WindowsStore:
        return WindowsStore()

    @pytest.fixture
    def imported(store: WindowsStore, bundle: CertificateBundle) -> Iterator[CertificateBundle]:
        store.put(bundle, "My", friendly_name=FRIENDLY, exportable=False)
        yield bundle
        store.remove(bundle.thumbprint, "My")

    @pytest.mark.parametrize("name", ["My", "WebHosting"])
    @pytest.mark.parametrize("exportable", [True, False], ids=["exportable", "not exportable"])
    def test_a_certificate_is_imported_with_its_key_and_friendly_name(
        store: WindowsStore, bundle: CertificateBundle, name: str, exportable: bool
    ) -> None:
        store.put(bundle, name, friendly_name=FRIENDLY, exportable=exportable)
        found = store.find(bundle.thumbprint, name)
        assert found is not None
        assert (found.friendly_name, found.has_key, found.not_after) == (FRIENDLY, True, bundle.not_after)

    def test_an_administrator_may_write_the_store(store: WindowsStore) -> None:
        store.require_write("My")

    def test_a_certificate_that_is_there_is_not_imported_again(
        store: WindowsStore, imported: CertificateBundle
    ) -> None:
        assert store.put(imported, "My", friendly_name="another", exportable=False) is False

    def test_it_is_listed_among_all_of_its_store_only(store: WindowsStore, imported: CertificateBundle) -> None:
        lists = [[one.thumbprint for one in store.certificates(name)] for name in ("My", "WebHosting")]
        assert [imported.thumbprint in thumbprints for thumbprints in lists] == [True, False]

    def test_the_intermediates_go_to_their_own_store(
        store: WindowsStore, imported: CertificateBundle, authority: CertificateAuthority
    ) -> None:
        x509 = importlib.import_module("cryptography.x509")
        hashes = importlib.import_module("cryptography.hazmat.primitives.hashes")
        intermediate = x509.load_pem_x509_certificate(imported.chain_pem.encode())
        thumbprint = intermediate.fingerprint(hashes.SHA1()).hex().upper()
        assert [store.find(thumbprint, name) is not None for name in ("CA", "My")] == [True, False]

    def test_an_unknown_certificate_is_not_found(store: WindowsStore) -> None:
        assert store.find("0" * 40, "My") is None

    def test_removing_twice_is_no_error(store: WindowsStore, bundle: CertificateBundle) -> None:
        store.put(bundle, "My", friendly_name=FRIENDLY, exportable=False)
        store.remove(bundle.thumbprint, "My")
        store.remove("0" * 40, "My")
        assert store.put(bundle, "WebHosting", friendly_name=FRIENDLY, exportable=False)

    def test_a_key_that_opens_and_belongs_to_its_certificate_is_accepted(bundle: CertificateBundle) -> None:
        # Wine forgets that an imported key is the machine's, and finds it only if it is the user's.
        store = WindowsStore(machine_keys=False)
        store.put(bundle, "My", friendly_name=FRIENDLY, exportable=False)
        assert [is_usable(store, one) for one in (bundle.thumbprint, "0" * 40)] == [True, False]

    def is_usable(store: WindowsStore, thumbprint: str) -> bool:
        try:
            store.check_key(thumbprint, "My")
        except DeploymentFailed:
            return False
        return True

    def test_a_certificate_without_a_key_is_told(store: WindowsStore, imported: CertificateBundle) -> None:
        (keyless, *_) = [one for one in store.certificates("CA") if not one.has_key]
        with pytest.raises(DeploymentFailed, match=r"private key .* cannot be used") as failed:
            store.check_key(keyless.thumbprint, "CA")
        assert failed.value.remedy

    def test_a_certificate_that_is_gone_is_told(store: WindowsStore) -> None:
        with pytest.raises(DeploymentFailed, match=f"{'0' * 40} is not in the store My"):
            store.check_key("0" * 40, "My")

    def test_a_key_that_is_none_is_refused_and_nothing_of_it_is_told(
        store: WindowsStore, bundle: CertificateBundle
    ) -> None:
        broken = replace(bundle, private_key_pem=bundle.private_key_pem[:400])
        with pytest.raises(DeploymentFailed) as failed:
            store.put(broken, "My", friendly_name=FRIENDLY, exportable=False)
        assert bundle.private_key_pem.splitlines()[1] not in str(failed.value)

    def test_a_wrong_password_is_told(store: WindowsStore, bundle: CertificateBundle) -> None:
        pack = importlib.import_module("certify_iis.pfx").pack
        with (
            pytest.raises(DeploymentFailed, match="import the certificate"),
            store._imported(pack(bundle, "right", legacy=True), "wrong", 0),
        ):
            pass

    def security_of(win32security: Any, holder: str) -> bytes:
        descriptor, rights = win32security.SECURITY_DESCRIPTOR(), win32security.ACL()
        sid, _, _ = win32security.LookupAccountName(None, holder)
        rights.AddAccessAllowedAce(win32security.ACL_REVISION, 0x10000000, sid)
        descriptor.SetSecurityDescriptorDacl(True, rights, False)
        return bytes(memoryview(descriptor))

    def holders_of(win32security: Any, descriptor: bytes) -> list[str]:
        rights = win32security.SECURITY_DESCRIPTOR(descriptor).GetSecurityDescriptorDacl()
        sids = [rights.GetAce(index)[2] for index in range(rights.GetAceCount())]
        return [win32security.LookupAccountSid(None, sid)[0] for sid in sids]

    @pytest.fixture
    def win32security() -> Any:
        return importlib.import_module("win32security")

    def test_an_account_is_added_to_those_who_may_read_a_key(win32security: Any) -> None:
        with_reader = importlib.import_module("certify_iis.key_access").with_reader
        changed = with_reader(security_of(win32security, "Administrators"), "Users")
        assert holders_of(win32security, changed) == ["Administrators", "Users"]

    def test_an_account_that_may_read_already_is_not_added_again(win32security: Any) -> None:
        with_reader = importlib.import_module("certify_iis.key_access").with_reader
        once = with_reader(security_of(win32security, "Administrators"), "Users")
        assert with_reader(once, "Users") == once

    def test_an_account_that_does_not_exist_is_told(win32security: Any) -> None:
        with_reader = importlib.import_module("certify_iis.key_access").with_reader
        with pytest.raises(DeploymentFailed, match="no account 'nobody-here'"):
            with_reader(security_of(win32security, "Administrators"), "nobody-here")

    def test_the_friendly_name_says_for_whom_and_how_long(bundle: CertificateBundle) -> None:
        start, end = (datetime.fromtimestamp(one, UTC).date() for one in (bundle.not_before, bundle.not_after))
        assert friendly_name(bundle) == f"app.test [Certify] - {start} to {end}"
