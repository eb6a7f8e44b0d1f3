"""A Kerberos realm of the test's own: MIT's key distribution centre on a free port, with the service's key."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Self

from tests.support.ports import free_port
from tests.support.processes import Program, installed

REALM = "CERTIFY.TEST"
SERVICE = f"HTTP/localhost@{REALM}"
_CLIENT = """[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{realm} = {{
  kdc = 127.0.0.1:{port}
}}
[domain_realm]
localhost = {realm}
"""
_SERVER = """[realms]
{realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  acl_file = {folder}/acl
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
}}
[logging]
kdc = STDERR
"""


class Kdc:
    """A realm with users."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.keytab = folder / "http.keytab"
        self._environment = {
            **os.environ,
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        }
        self._program: Program | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        values = {"realm": REALM, "folder": self._folder, "port": free_port()}
        (self._folder / "krb5.conf").write_text(_CLIENT.format(**values))
        (self._folder / "kdc.conf").write_text(_SERVER.format(**values))
        self._run(installed("kdb5_util", "krb5-kdc"), "create", "-s", "-r", REALM, "-P", "master", "-W")
        self._admin(f"addprinc -randkey {SERVICE}")
        self._admin(f"ktadd -k {self.keytab} {SERVICE}")
        kdc = installed("krb5kdc", "krb5-kdc")
        self._program = Program([kdc, "-n", "-r", REALM], self._folder / "kdc.log", self._environment)
        self._program.wait_until(lambda: "commencing operation" in self._log())
        return self

    def __exit__(self, *_: object) -> None:
        if self._program is not None:
            self._program.stop()

    @property
    def service_environment(self) -> dict[str, str]:
        """What a service needs to be in the realm."""
        return {"KRB5_CONFIG": self._environment["KRB5_CONFIG"], "KRB5_KTNAME": f"FILE:{self.keytab}"}

    def ticket_of(self, user: str) -> dict[str, str]:
        """Add a user; return the environment of somebody who has signed in as him."""
        self._admin(f"addprinc -pw secret {user}")
        environment = {**self._environment, "KRB5CCNAME": f"FILE:{self._folder / user.replace('/', '-')}.cache"}
        self._run(installed("kinit", "krb5-user"), user, stdin="secret\n", environment=environment)
        return environment

    def _admin(self, command: str) -> None:
        self._run(installed("kadmin.local", "krb5-admin-server"), "-r", REALM, "-q", command)

    def _run(self, *command: str, stdin: str = "", environment: dict[str, str] | None = None) -> None:
        environment = environment or self._environment
        subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=True)

    def _log(self) -> str:
        path = self._folder / "kdc.log"
        return path.read_text(errors="replace") if path.exists() else ""
