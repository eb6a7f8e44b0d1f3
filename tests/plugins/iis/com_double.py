"""A COM server that answers as IIS's administration API does, so that calls and values are marshalled for real.

It is registered under a ProgID of its own, runs in the process of the test, and keeps what IIS and http.sys would keep
in `WORLD`. A manager sees the sites as they were when it read them first, and a commit is refused when they are others
by then. For Windows Pythons with pywin32 alone.
"""

# ruff: noqa: N802 - the names are those of IIS
from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pythoncom  # type: ignore[import-untyped]
import winerror  # type: ignore[import-untyped]
from win32com.server.exception import COMException  # type: ignore[import-untyped]
from win32com.server.register import RegisterClasses  # type: ignore[import-untyped]
from win32com.server.util import unwrap, wrap  # type: ignore[import-untyped]

from certify_iis.bindings import CENTRAL_STORE, Binding, Certificate, Change, Site
from certify_iis.com import ComAdmin, Session

PROG_ID = "Certify.Test.AdminManager"
LOCKED = -2147024863  # 0x80070021
NO_LOGON_SESSION = -2147023584  # 0x80070520
NOT_ACTIVE = -2147023834  # 0x80070426


class World:
    """What is on the machine: the configuration as it is saved, and the certificates of http.sys."""

    def __init__(self) -> None:
        self.sites: list[dict[str, Any]] = []
        self.shown: dict[tuple[str, int], Certificate] = {}
        self.commits = 0
        self.refused = ""
        self.locked = False
        self.stopped = False
        self.others: list[dict[str, Any]] = []


WORLD = World()


class Server:
    """Base of everything that is handed out: methods and attributes as COM wants them declared."""

    _public_attrs_: Sequence[str] = ()
    _public_methods_: Sequence[str] = ()


class Property(Server):
    _public_attrs_ = ("Name", "Value")

    def __init__(self, element: Element, name: str) -> None:
        self.__dict__.update(Name=name, _element=element)

    def __getattr__(self, name: str) -> Any:
        if name == "Value":
            return self._element.get(self.Name)
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._element.set(self.Name, value)


class Properties(Server):
    _public_methods_ = ("Item",)

    def __init__(self, element: Element) -> None:
        self._element = element

    def Item(self, name: str) -> Any:
        return wrap(Property(self._element, name))


class Element(Server):
    _public_methods_ = ("GetElementByName",)
    _public_attrs_ = ("Properties", "Collection", "Methods")

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    @property
    def Properties(self) -> Any:
        return wrap(Properties(self))

    @property
    def Collection(self) -> Any:
        return wrap(Collection(self.data["items"]))

    @property
    def Methods(self) -> Any:
        return wrap(Methods(self))

    def GetElementByName(self, name: str) -> Any:
        return wrap(Element(self.data["children"][name]))

    def get(self, name: str) -> Any:
        if name in {"certificateHash", "certificateStoreName"}:
            shown = WORLD.shown.get(self.endpoint, Certificate())
            return shown.thumbprint if name == "certificateHash" else shown.store
        if name == "state" and WORLD.stopped:
            raise COMException(description="The service has not been started.", scode=NOT_ACTIVE)
        return self.data.get(name, "")

    def set(self, name: str, value: Any) -> None:
        if WORLD.locked:
            raise COMException(description="This configuration section cannot be used at this path.", scode=LOCKED)
        self.data[name] = value

    @property
    def endpoint(self) -> tuple[str, int]:
        return Binding("https", self.data["bindingInformation"], int(self.data.get("sslFlags", 0))).endpoint


class Collection(Server):
    _public_methods_ = ("Item", "CreateNewElement", "AddElement", "DeleteElement")
    _public_attrs_ = ("Count",)

    def __init__(self, found: list[dict[str, Any]]) -> None:
        self._items = found

    @property
    def Count(self) -> int:
        return len(self._items)

    def Item(self, index: int) -> Any:
        return wrap(Element(self._items[index]))

    def CreateNewElement(self, name: str) -> Any:
        return wrap(Element({"tag": name}))

    def AddElement(self, element: Any, position: int = -1) -> None:
        data = unwrap(element).data
        if any(_key(data) == _key(there) for there in self._items):
            raise COMException(description="Cannot add duplicate collection entry.", scode=-2147024713)
        self._items.append(data)

    def DeleteElement(self, index: int) -> None:
        del self._items[index]


class Methods(Server):
    _public_methods_ = ("Item",)

    def __init__(self, element: Element) -> None:
        self._element = element

    def Item(self, name: str) -> Any:
        return wrap(Method(self._element, name))


class Method(Server):
    _public_methods_ = ("CreateInstance",)

    def __init__(self, element: Element, name: str) -> None:
        self._element, self._name = element, name

    def CreateInstance(self) -> Any:
        return wrap(Call(self._element, self._name))


class Call(Server):
    _public_methods_ = ("Execute",)
    _public_attrs_ = ("Input",)

    def __init__(self, element: Element, name: str) -> None:
        self._element, self._name = element, name
        self._input: dict[str, Any] = {}

    @property
    def Input(self) -> Any:
        return wrap(Element(self._input))

    def Execute(self) -> None:
        if self._name == "RemoveSslCertificate":
            del WORLD.shown[self._element.endpoint]
            return
        if self._input["certificateHash"] == WORLD.refused:
            raise COMException(description="A specified logon session does not exist.", scode=NO_LOGON_SESSION)
        shown = Certificate(self._input["certificateHash"], self._input["certificateStoreName"])
        WORLD.shown[self._element.endpoint] = shown


class AdminManager(Server):
    """The class that is registered."""

    _reg_clsid_ = "{0D2C6F0B-6C1E-4B5B-9C0A-5C8C1F3B7A41}"
    _reg_progid_ = PROG_ID
    _reg_desc_ = "Certify's stand-in for the administration API of IIS"
    _reg_class_spec_ = "tests.plugins.iis.com_double.AdminManager"
    _reg_clsctx_ = pythoncom.CLSCTX_INPROC_SERVER
    _public_methods_ = ("GetAdminSection", "CommitChanges")
    _public_attrs_ = ("CommitPath",)

    def __init__(self) -> None:
        self.CommitPath = ""
        self._read = copy.deepcopy(WORLD.sites)
        self._sites = copy.deepcopy(WORLD.sites)

    def GetAdminSection(self, name: str, path: str) -> Any:
        if (name, path) != ("system.applicationHost/sites", "MACHINE/WEBROOT/APPHOST"):
            raise COMException(description="No such section.", scode=winerror.E_INVALIDARG)
        return wrap(Element({"items": self._sites}))

    def CommitChanges(self) -> None:
        if WORLD.others:
            WORLD.sites.append(WORLD.others.pop())
        if self._read != WORLD.sites:
            reason = "Cannot commit configuration changes because the file has changed on disk"
            raise COMException(description=reason, scode=winerror.E_FAIL)
        WORLD.sites = copy.deepcopy(self._sites)
        WORLD.commits += 1


class DoubledIis:
    """The production backend before the double, with what the contract's tests prepare."""

    def __init__(self) -> None:
        global WORLD  # noqa: PLW0603 - the server's objects are made by COM and find the world by this name
        WORLD = World()
        RegisterClasses(AdminManager, quiet=1)
        self._admin = ComAdmin(PROG_ID)

    def sites(self) -> Sequence[Site]:
        return self._admin.sites()

    def version(self) -> str:
        return self._admin.version()

    def apply(self, changes: Sequence[Change], expected_version: str) -> None:
        self._admin.apply(changes, expected_version)

    def session(self) -> Session:
        return self._admin.session()

    @property
    def commits(self) -> int:
        return WORLD.commits

    @property
    def refused(self) -> str:
        return WORLD.refused

    @refused.setter
    def refused(self, thumbprint: str) -> None:
        WORLD.refused = thumbprint

    @property
    def locked(self) -> bool:
        return WORLD.locked

    @locked.setter
    def locked(self, locked: bool) -> None:
        WORLD.locked = locked

    def stop_the_web_service(self) -> None:
        """From now on no site has a state."""
        WORLD.stopped = True

    def set_sites(self, *sites: Site) -> None:
        WORLD.sites = [_data(site) for site in sites]
        secured = [each for site in sites for each in site.bindings if each.is_https and not each.flags & CENTRAL_STORE]
        WORLD.shown = {binding.endpoint: binding.certificate for binding in secured if binding.certificate}

    def somebody_adds(self, *sites: Site) -> None:
        WORLD.others.extend(_data(site) for site in sites)

    def remove_site(self, number: int) -> None:
        WORLD.sites = [site for site in WORLD.sites if site["id"] != number]


def _data(site: Site) -> dict[str, Any]:
    ssl = {"serverCertHash": site.ftp_certificate.thumbprint, "serverCertStoreName": site.ftp_certificate.store}
    bindings = [
        {"tag": "binding", "protocol": b.protocol, "bindingInformation": b.information, "sslFlags": b.flags}
        for b in site.bindings
    ]
    return {
        "id": site.id,
        "name": site.name,
        "serverAutoStart": True,
        "state": 1 if site.started else 3,
        "children": {
            "bindings": {"items": bindings},
            "ftpServer": {"children": {"security": {"children": {"ssl": ssl}}}},
        },
    }


def _key(data: dict[str, Any]) -> tuple[str, str]:
    return data["protocol"].lower(), data["bindingInformation"].lower()
