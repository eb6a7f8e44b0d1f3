"""The unit file, as a pure function (systemd.service(5), systemd.exec(5)).

The service is a user of its own with one right more than others: to listen on port 80. It sees the file system as
read-only but for its data folder and the folders that were named, and starts no program with more rights than its own.
It may see that other programs run, to recognise antivirus software.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from certify_core.api import ServiceWish

STATE_ROOT = PurePosixPath("/var/lib")
HOMES = tuple(map(PurePosixPath, ("/home", "/root", "/run/user")))
STOP_SECONDS = 20

_UNIT = """\
[Unit]
Description=Certify, the certificate manager
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User={account}
ExecStart={command}
Restart=on-failure
RestartSec=5
TimeoutStopSec={stop_seconds}
UMask=0077
{folders}
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome={homes}
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
"""


def unit_file(wish: ServiceWish) -> str:
    """Return the unit file for a wish that names its account."""
    return _UNIT.format(
        account=wish.account,
        command=" ".join(map(quoted, wish.command)),
        stop_seconds=STOP_SECONDS,
        folders="\n".join(_folders(wish)),
        homes="read-only" if _is_in_a_home(wish) else "yes",
    )


def is_state_folder(data_dir: Path) -> bool:
    """Whether systemd itself makes the data folder and gives it to the account (StateDirectory)."""
    return STATE_ROOT in PurePosixPath(data_dir).parents


def quoted(text: str) -> str:
    """Return a word as systemd reads it back (systemd.syntax(7), section "Quoting"; % and $ stand for themselves)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _folders(wish: ServiceWish) -> list[str]:
    lines = []
    writable = list(wish.writable)
    if is_state_folder(wish.data_dir):
        state = PurePosixPath(wish.data_dir).relative_to(STATE_ROOT)
        lines += [f"StateDirectory={_path(state)}", "StateDirectoryMode=0700"]
    else:
        writable.insert(0, wish.data_dir)
    # With a hyphen a folder that is missing later does not keep the service from starting.
    return [*lines, *(f"ReadWritePaths=-{_path(folder)}" for folder in writable)]


def _path(path: Path | PurePosixPath) -> str:
    return str(path).replace("%", "%%").replace(" ", "\\x20")


def _is_in_a_home(wish: ServiceWish) -> bool:
    """Whether something that the service needs would vanish with the homes."""
    needed = [PurePosixPath(path) for path in (*wish.writable, wish.data_dir, Path(wish.command[0]).resolve())]
    needed.append(PurePosixPath(wish.command[0]))
    return any(home in path.parents for path in needed for home in HOMES)
