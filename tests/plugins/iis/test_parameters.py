"""What the target `iis` accepts, and what it refuses without looking at the machine."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from certify_iis.parameters import IisParameters
from certify_iis.store import friendly_name
from tests.support.certificates import CertificateAuthority

REFUSED = {
    "an address that is none": ({"ip": "300.1.1.1"}, "neither \\* nor an IP address"),
    "a port out of range": ({"port": "70000"}, "less than or equal to 65535"),
    "another mode": ({"mode": "replace"}, "add-or-update"),
    "another store": ({"store": "Root"}, "WebHosting"),
    "a central store by a relative path": ({"ccs_path": "certificates"}, "neither an absolute path nor a share"),
    "a central store without the password that legacy needs": (
        {"ccs_path": r"\\nas\ccs", "ccs_encryption": "legacy"}, "needs a ccs_password"),
    "a central store and no binding": ({"ccs_path": r"\\nas\ccs", "mode": "store-only"}, "no machine store"),
    "a central store and readers of the key": ({"ccs_path": r"\\nas\ccs", "grant_read": "x"}, "grant_read is for keys"),
    "no time at all": ({"verify_timeout": "0"}, "greater than 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_refused_with_the_reason(case: str) -> None:
    values, reason = REFUSED[case]
    with pytest.raises(ValidationError, match=reason):
        IisParameters.model_validate(values)


def test_lists_are_given_with_semicolons_or_as_lists() -> None:
    given = IisParameters.model_validate({"sites": "Default Web Site; Shop", "grant_read": ["IIS AppPool\\Shop"]})
    assert (given.sites, given.grant_read) == (("Default Web Site", "Shop"), ("IIS AppPool\\Shop",))


@pytest.mark.parametrize("path", [r"C:\ccs", "D:/ccs", r"\\nas\ccs", "/srv/ccs"])
def test_the_central_store_is_a_folder_or_a_share(path: str) -> None:
    assert IisParameters.model_validate({"ccs_path": path}).options.central_store


@pytest.mark.parametrize(("given", "ip"), [("[2001:DB8::1]", "2001:db8::1"), ("192.0.2.1", "192.0.2.1"), ("*", "*")])
def test_addresses_take_their_shortest_form(given: str, ip: str) -> None:
    assert IisParameters.model_validate({"ip": given}).ip == ip


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(IisParameters.model_validate({"ccs_path": "/ccs", "ccs_password": "hunter2"}))


def test_the_friendly_name_of_a_wildcard_begins_with_it() -> None:
    assert friendly_name(CertificateAuthority().issue("*.wild.test")).startswith("*.wild.test [Certify] - ")
