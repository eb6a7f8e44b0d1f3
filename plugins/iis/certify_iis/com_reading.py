"""Turns elements of IIS's configuration, as its COM API hands them out, into sites and bindings.

https://learn.microsoft.com/iis/configuration/system.applicationhost/sites/site/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from certify_iis.bindings import CENTRAL_STORE, NO_CERTIFICATE, Binding, Certificate, Site

DEFAULT_STORE = "My"
_STORES = {"my": "My", "webhosting": "WebHosting"}
"""IIS and its tools write the names in any case."""
_GET, _PUT = 2, 4
"""https://learn.microsoft.com/windows/win32/api/oleauto/nf-oleauto-dispinvoke (wFlags)"""
_STARTED = 1
"""https://learn.microsoft.com/dotnet/api/microsoft.web.administration.objectstate"""


class Reader:
    """Reads elements; `com_error` is what pywin32 raises."""

    def __init__(self, com_error: type[Exception]) -> None:
        self._com_error = com_error

    def site(self, element: Any) -> Site:
        """Return a `site` element as a value."""
        bindings = tuple(self._binding(each) for each in items(child(element, "bindings").Collection))
        site = Site(int(read(element, "id")), str(read(element, "name")), bindings, self._is_started(element))
        return Site(site.id, site.name, bindings, site.started, _ftp_certificate(element)) if site.has_ftp else site

    def _binding(self, element: Any) -> Binding:
        protocol, information = str(read(element, "protocol")), str(read(element, "bindingInformation"))
        if protocol.lower() != "https":
            return Binding(protocol, information)
        flags = int(self._worked_out(element, "sslFlags") or 0)
        thumbprint = str(self._worked_out(element, "certificateHash") or "").upper()
        if not thumbprint or flags & CENTRAL_STORE:
            return Binding(protocol, information, flags)
        store = str(self._worked_out(element, "certificateStoreName") or "")
        return Binding(protocol, information, flags, _certificate(thumbprint, store))

    def _is_started(self, site: Any) -> bool:
        state = self._worked_out(site, "state")
        # While the web service is stopped no site has a state.
        return bool(read(site, "serverAutoStart")) if state is None else int(state) == _STARTED

    def _worked_out(self, element: Any, name: str) -> Any:
        """Return a property that IIS works out when asked, or that older versions lack; None if it cannot."""
        try:
            return read(element, name)
        except self._com_error:
            return None


def _ftp_certificate(site: Any) -> Certificate:
    ssl = child(site, "ftpServer", "security", "ssl")
    thumbprint = str(read(ssl, "serverCertHash") or "").upper()
    store = str(read(ssl, "serverCertStoreName") or "")
    return _certificate(thumbprint, store) if thumbprint else NO_CERTIFICATE


def _certificate(thumbprint: str, store: str) -> Certificate:
    return Certificate(thumbprint, _STORES.get(store.lower(), store or DEFAULT_STORE))


def items(collection: Any) -> Iterator[Any]:
    """Yield the elements of a collection."""
    for index in range(collection.Count):
        yield collection.Item(index)


def child(element: Any, *names: str) -> Any:
    """Return the element that the names lead to."""
    for name in names:
        element = element.GetElementByName(name)
    return element


def read(element: Any, name: str) -> Any:
    """Return a property's value."""
    return _invoke(element.Properties.Item(name), "Value", _GET)


def write(element: Any, name: str, value: object) -> None:
    """Set a property."""
    put(element.Properties.Item(name), "Value", value)


def put(target: Any, name: str, value: object) -> None:
    """Set an attribute of a COM object."""
    _invoke(target, name, _PUT, value)


def _invoke(target: Any, name: str, kind: int, *values: object) -> Any:
    """Get or set the way COM does it: pywin32's own attributes turn what IIS answers into an AttributeError."""
    raw = target._oleobj_
    return raw.Invoke(raw.GetIDsOfNames(name), 0, kind, kind == _GET, *values)
