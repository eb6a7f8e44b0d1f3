"""IIS by its COM administration API, the layer under its own tools: through pywin32, which is loaded at first use.

Configuration (protocol, address, flags) is written by one commit. The certificates of https bindings are not part of
it: IIS keeps them in http.sys, and two methods of a binding set them at once. So bindings come first, then
certificates; what goes away loses its certificate first.
https://learn.microsoft.com/iis/configuration/system.applicationhost/sites/site/bindings/binding
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from certify_core.api import DeploymentFailed
from certify_iis.bindings import Binding, BindingChange, Change, FtpChange, Site, is_present, turned_back, version_of
from certify_iis.com_faults import changed_meanwhile, commit_refused, refusals
from certify_iis.com_reading import Reader, child, items, put, read, write
from certify_iis.sharing import is_shared

PROG_ID = "Microsoft.ApplicationHost.WritableAdminManager"
_PATH = "MACHINE/WEBROOT/APPHOST"


class ComAdmin:
    """The IIS of this machine."""

    def __init__(self, prog_id: str = PROG_ID) -> None:
        self._prog_id = prog_id
        self._thread = threading.local()

    def sites(self) -> Sequence[Site]:
        """Return all sites with their bindings."""
        return self.session().sites()

    def version(self) -> str:
        """Return a text that differs as soon as sites or bindings do."""
        return version_of(self.sites())

    def apply(self, changes: Sequence[Change], expected_version: str) -> None:
        """Make all changes with one commit, or none."""
        sites = self.sites()
        if version_of(sites) != expected_version or not all(is_present(sites, change) for change in changes):
            raise changed_meanwhile()
        try:
            self._make(changes)
        except Exception as failed:
            try:
                self._make(turned_back(self.sites(), changes))
            except DeploymentFailed as second:
                raise DeploymentFailed(
                    f"{failed} The bindings could not be put back: {second.cause}",
                    f"Compare the bindings of {changes[0].site_name} in IIS Manager, and deploy again.",
                ) from failed
            raise

    def _make(self, changes: Sequence[Change]) -> None:
        session = self.session()
        session.remove_certificates(changes)
        session.configure(changes)
        self.session().add_certificates(changes)  # a new reading, with the committed bindings

    def session(self) -> Session:
        """Return a new reading of the configuration.

        Raises:
            DeploymentFailed: there is no IIS, or it cannot be read.
        """
        dispatch, com_error = self._com()
        with refusals("be reached", com_error):
            manager = dispatch(self._prog_id)
            put(manager, "CommitPath", _PATH)
        return Session(manager, com_error)

    def _com(self) -> tuple[Callable[[str], Any], type[Exception]]:
        try:
            pythoncom = importlib.import_module("pythoncom")
            client = importlib.import_module("win32com.client")
        except ImportError:
            raise DeploymentFailed(
                "pywin32, by which IIS is reached, is missing or does not load.",
                "Install it for the Python that runs the service: pip install pywin32.",
            ) from None
        if not hasattr(self._thread, "ready"):
            # Never taken down again: objects may live on in an exception's traceback, and the threads are few.
            pythoncom.CoInitialize()
            self._thread.ready = True
        return client.Dispatch, pythoncom.com_error


class Session:
    """One reading of the configuration, and the changes made to it."""

    def __init__(self, manager: Any, com_error: type[Exception]) -> None:
        self._manager = manager
        self._com_error = com_error
        self._reader = Reader(com_error)
        with refusals("show its sites", com_error):
            self._sites = manager.GetAdminSection("system.applicationHost/sites", _PATH).Collection

    def sites(self) -> list[Site]:
        """Return the sites as they were read, with the changes that were made to them."""
        with refusals("show its sites", self._com_error):
            return [self._reader.site(element) for element in items(self._sites)]

    def configure(self, changes: Sequence[Change]) -> None:
        """Write all but the certificates of https bindings: by one commit, or none if there is nothing to write.

        Raises:
            ConfigurationChanged: somebody else has committed since this reading was made.
            DeploymentFailed: IIS refused.
        """
        if not [change for change in changes if self._edit(change)]:
            return
        try:
            self._manager.CommitChanges()
        except self._com_error as error:
            raise commit_refused(error) from error

    def remove_certificates(self, changes: Sequence[Change]) -> None:
        """Take certificates from http.sys that no binding will show any more."""
        taken = set()
        for change in _bindings(changes):
            before, after = change.before, change.after
            if before is None or not before.certificate or (after and after.certificate):
                continue
            if before.endpoint not in taken and not is_shared(self.sites(), before, changes):
                taken.add(before.endpoint)
                with refusals(f"take the certificate from {before} of {change.site_name}", self._com_error):
                    self._method(change, before, "RemoveSslCertificate").Execute()

    def add_certificates(self, changes: Sequence[Change]) -> None:
        """Have http.sys show the certificates."""
        for change in _bindings(changes):
            before, after = change.before, change.after
            if after is None or not after.certificate or (before and before.certificate == after.certificate):
                continue
            with refusals(f"bind the certificate to {after} of {change.site_name}", self._com_error):
                method = self._method(change, after, "AddSslCertificate")
                write(method.Input, "certificateHash", after.certificate.thumbprint)
                write(method.Input, "certificateStoreName", after.certificate.store)
                method.Execute()

    def _edit(self, change: Change) -> bool:
        """Make a change in the configuration; return whether there was anything to write."""
        with refusals(f"change the site {change.site_name}", self._com_error):
            site = self._site_element(change)
            if isinstance(change, FtpChange):
                ssl = child(site, "ftpServer", "security", "ssl")
                write(ssl, "serverCertHash", change.after.thumbprint)
                write(ssl, "serverCertStoreName", change.after.store)
                return True
            return _edit_binding(child(site, "bindings").Collection, change)

    def _site_element(self, change: Change) -> Any:
        for element in items(self._sites):
            if int(read(element, "id")) == change.site_id:
                return element
        raise changed_meanwhile(f"the site {change.site_name} is gone")

    def _method(self, change: BindingChange, binding: Binding, name: str) -> Any:
        bindings = child(self._site_element(change), "bindings").Collection
        return _found(bindings, binding)[1].Methods.Item(name).CreateInstance()


def _edit_binding(bindings: Any, change: BindingChange) -> bool:
    before, after = change.before, change.after
    if before is None:
        if after is not None:
            _add(bindings, after)
        return after is not None
    index, element = _found(bindings, before)
    if after is None:
        bindings.DeleteElement(index)
    elif before.flags != after.flags:
        write(element, "sslFlags", after.flags)
    else:
        return False
    return True


def _add(bindings: Any, binding: Binding) -> None:
    element = bindings.CreateNewElement("binding")
    write(element, "protocol", binding.protocol)
    write(element, "bindingInformation", binding.information)
    if binding.flags:  # IIS 7 does not know the property
        write(element, "sslFlags", binding.flags)
    bindings.AddElement(element)


def _found(bindings: Any, wanted: Binding) -> tuple[int, Any]:
    for index, element in enumerate(items(bindings)):
        if (str(read(element, "protocol")).lower(), str(read(element, "bindingInformation")).lower()) == wanted.key:
            return index, element
    raise changed_meanwhile(f"the binding {wanted} is gone")


def _bindings(changes: Sequence[Change]) -> Iterator[BindingChange]:
    return (change for change in changes if isinstance(change, BindingChange))
