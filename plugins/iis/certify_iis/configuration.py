"""Reads sites and bindings out of an `applicationHost.config`, for previews without IIS.

The file does not say which certificates bindings have: http.sys keeps them. So they are given beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as Xml

from certify_core.api import InvalidInput
from certify_iis.bindings import NO_CERTIFICATE, Binding, Certificate, Site

_LARGEST = 64 * 1024 * 1024
"""Bytes; the largest files that are known have some ten."""


def read_sites(path: Path, certificates: Mapping[str, Certificate] | None = None) -> list[Site]:
    """Return the sites of a file.

    Args:
        path: the `applicationHost.config`.
        certificates: by a binding's information, such as ``*:443:www.example.com``.

    Raises:
        InvalidInput: the file cannot be read, or is no configuration of IIS.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput("configuration", f"{path} cannot be read: {error.strerror}.", "Give another file.") from None
    return parse_sites(content, certificates, name=str(path))


def parse_sites(
    content: bytes, certificates: Mapping[str, Certificate] | None = None, *, name: str = "The configuration"
) -> list[Site]:
    """Return the sites of a configuration, as `read_sites` does."""
    remedy = "Give a copy of %windir%\\System32\\inetsrv\\config\\applicationHost.config."
    # IIS writes no document type; one could blow up the parser (billion laughs).
    if len(content) > _LARGEST or b"<!DOCTYPE" in content.upper():
        raise InvalidInput("configuration", f"{name} is no configuration of IIS.", remedy)
    try:
        root = Xml.fromstring(content)  # noqa: S314 - without a document type there are no entities
        found = root.iterfind("./system.applicationHost/sites/site")
        sites = [_site(element, certificates or {}) for element in found]
    except (Xml.ParseError, ValueError, KeyError):
        raise InvalidInput("configuration", f"{name} is no configuration of IIS.", remedy) from None
    if root.tag != "configuration":
        raise InvalidInput("configuration", f"{name} is no configuration of IIS.", remedy)
    return sites


def _site(element: Xml.Element, certificates: Mapping[str, Certificate]) -> Site:
    ssl = element.find("./ftpServer/security/ssl")
    hash_ = ssl.get("serverCertHash", "").upper() if ssl is not None else ""
    store = ssl.get("serverCertStoreName", "My") if ssl is not None else "My"
    return Site(
        id=int(element.attrib["id"]),
        name=element.attrib["name"],
        bindings=tuple(_binding(each, certificates) for each in element.iterfind("./bindings/binding")),
        started=element.get("serverAutoStart", "true").lower() != "false",
        ftp_certificate=Certificate(hash_, store) if hash_ else NO_CERTIFICATE,
    )


def _binding(element: Xml.Element, certificates: Mapping[str, Certificate]) -> Binding:
    protocol, information = element.attrib["protocol"], element.attrib["bindingInformation"]
    known = certificates.get(information, NO_CERTIFICATE) if protocol.lower() == "https" else NO_CERTIFICATE
    return Binding(protocol, information, int(element.get("sslFlags", "0")), known)
