"""What serviceconfig.json says about integrated authentication."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from certify_core.api import Role


class Settings(BaseModel):
    """The settings; their names are the file's, in lower case."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=lambda name: name.replace("_", ""))

    integrated_authentication: bool = False
    """Whether people can sign in with their accounts."""
    administrators_group: str = ""
    """The group whose members are administrators; empty means the system's own where it has one (Windows)."""
    access_group: str = ""
    """A further group that is let in."""
    access_group_role: Role = Role.OPERATOR
    """What its members are."""
    access_realm: str = ""
    """Not on Windows: the Kerberos realm or NTLM domain whose users are this machine's users of the same name."""
