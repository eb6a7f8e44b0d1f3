"""Says in plain words what IIS answered with an HRESULT.

https://learn.microsoft.com/windows/win32/seccrypto/common-hresult-values
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from certify_core.api import DeploymentFailed
from certify_iis.administration import ConfigurationChanged, IisMissing

ACCESS_DENIED = 0x80070005
NOT_REGISTERED = 0x80040154
NO_SUCH_CLASS = 0x800401F3
BUSY = 0x80070020
LOCKED = 0x80070021
EXISTS = 0x800700B7
NO_LOGON_SESSION = 0x80070520
_GENERIC = 0x80020009
"""DISP_E_EXCEPTION: the reason is in the exception's details."""


def hresult_of(error: Any) -> int:
    """Return the HRESULT of a `pythoncom.com_error` as an unsigned number: the inner one if there is one."""
    inner = error.excepinfo[5] if error.excepinfo else 0
    code = int(error.hresult) & 0xFFFFFFFF
    return int(inner) & 0xFFFFFFFF if inner and code == _GENERIC else code


def refused(action: str, error: Any) -> DeploymentFailed:
    """Return what a `pythoncom.com_error` means for the user."""
    code = hresult_of(error)
    if code in {NOT_REGISTERED, NO_SUCH_CLASS}:
        return IisMissing(
            "IIS is not installed on this machine: its administration API is missing.",
            "Install the role Web Server with its management tools, or use another deployment target.",
        )
    if code == ACCESS_DENIED:
        return DeploymentFailed(
            f"IIS refused to {action}: access denied.", "Run the service as LocalSystem or as an administrator."
        )
    if code == LOCKED:
        return DeploymentFailed(
            f"IIS refused to {action}: that part of the configuration is locked.",
            "Unlock system.applicationHost/sites in applicationHost.config, or ask whoever set the policy.",
        )
    if code == NO_LOGON_SESSION:
        return DeploymentFailed(
            f"IIS refused to {action}: the certificate is not in the machine's store or its key cannot be used.",
            "Deploy again; see that nothing removes certificates or keys on this machine.",
        )
    if code in {BUSY, EXISTS}:
        return changed_meanwhile()
    return DeploymentFailed(
        f"IIS refused to {action}: {_description(error)} (0x{code:08X}).", "Look the code up; then deploy again."
    )


def changed_meanwhile(reason: str = "") -> ConfigurationChanged:
    """Return the failure that trying again may mend."""
    said = f" ({reason})" if reason else ""
    return ConfigurationChanged(
        f"The configuration of IIS was changed by somebody else meanwhile{said}.",
        "Deploy again when nobody else changes it.",
    )


@contextmanager
def refusals(action: str, com_error: type[Exception]) -> Iterator[None]:
    """Turn a COM error of the block into a `DeploymentFailed`: IIS refused to `action`."""
    try:
        yield
    except com_error as error:
        raise refused(action, error) from error


def commit_refused(error: Any) -> DeploymentFailed:
    """Return what a refused commit means: unless it is clear that it cannot work, somebody else was writing."""
    if hresult_of(error) in {ACCESS_DENIED, LOCKED}:
        return refused("save its configuration", error)
    return changed_meanwhile(_description(error))


def _description(error: Any) -> str:
    text = (error.excepinfo[2] if error.excepinfo else None) or error.strerror or "no reason given"
    return " ".join(str(text).split()).rstrip(".")
