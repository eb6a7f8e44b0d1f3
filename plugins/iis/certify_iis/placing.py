"""Brings a certificate to where bindings take it from: into the machine's store, or as files to the central store."""

from __future__ import annotations

from collections.abc import Sequence

from certify_core.api import CertificateBundle, DeploymentFailed, PlannedChange, Undo
from certify_iis import central_store
from certify_iis.parameters import IisParameters
from certify_iis.store import MachineStore, friendly_name


def planned(bundle: CertificateBundle, parameters: IisParameters, store: MachineStore) -> Sequence[PlannedChange]:
    """Return what `place` would do."""
    if parameters.ccs_path:
        return [
            PlannedChange(
                "write", str(path), _kept(central_store.is_current(path, bundle, parameters)) or f"for {name}"
            )
            for name, path in central_store.files(bundle, parameters).items()
        ]
    found = store.find(bundle.thumbprint, parameters.store)
    name = friendly_name(bundle)
    imported = PlannedChange("import", f"{parameters.store}\\{bundle.thumbprint}", _kept(found is not None) or name)
    granted = [PlannedChange("grant", account, "may use the private key") for account in parameters.grant_read]
    return [imported, *granted]


def left_out(bundle: CertificateBundle) -> Sequence[PlannedChange]:
    """Return that of a pair (RSA beside ECDSA) the second certificate is not used: a binding shows one."""
    return (
        [PlannedChange("leave", bundle.second.thumbprint, "a binding shows one certificate")] if bundle.second else []
    )


def place(bundle: CertificateBundle, parameters: IisParameters, store: MachineStore) -> Undo:
    """Put the certificate in its place and see that its key can be used; return how to take it away again.

    Raises:
        DeploymentFailed: it was refused; all is as it was.
    """
    if parameters.ccs_path:
        return central_store.put(bundle, parameters)
    is_new = store.put(bundle, parameters.store, friendly_name=friendly_name(bundle), exportable=parameters.exportable)

    def take_away() -> None:
        if is_new:
            store.remove(bundle.thumbprint, parameters.store)

    try:
        store.check_key(bundle.thumbprint, parameters.store)
        for account in parameters.grant_read:
            store.grant_read(bundle.thumbprint, parameters.store, account)
    except BaseException:
        take_away()
        raise
    return take_away


def check(bundle: CertificateBundle, parameters: IisParameters, store: MachineStore) -> None:
    """See that the certificate is in its place, with its key.

    Raises:
        DeploymentFailed: it is not; says where.
    """
    if not parameters.ccs_path:
        store.check_key(bundle.thumbprint, parameters.store)
        return
    for path in central_store.files(bundle, parameters).values():
        if not central_store.is_current(path, bundle, parameters):
            raise DeploymentFailed(
                f"{path} does not hold the certificate under the password.", "Deploy again; see what else writes there."
            )


def _kept(is_there: bool) -> str:
    return "unchanged" if is_there else ""
