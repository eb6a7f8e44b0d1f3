"""Builds the Windows lab: a Wine prefix with a whole Windows CPython and what Certify requires, from packages alone.

    python -m tests.windows.lab.build

What is built is kept in `.cache/windows` of the project, named by a digest of everything that it is made of; so a
changed version makes a new one. The interpreter's library and extension modules are python.org's own, out of a wheel
of PyPI that carries them (panda3d's, for those who build programs with it); the modules in Python are Debian's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
CACHE = PROJECT / ".cache" / "windows"
REQUIREMENTS = HERE / "requirements.txt"
ONE_AT_A_TIME = HERE / "one_at_a_time" / "win32service.py"
"""Found before pywin32's own module of that name, which lies in a folder of its own."""
PYTHON_WHEEL = "panda3d==1.10.16"
STANDARD_LIBRARY = Path("/usr/lib/python3.11")
LEFT_OUT = (
    *("__pycache__", "test", "tests", "idlelib", "lib-dynload", "dist-packages", "site-packages", "config-3*"),
    "EXTERNALLY-MANAGED",  # by apt: python.org's Python is pip's
)
COMPILER = "x86_64-w64-mingw32-gcc"
PROGRAMS = {
    "wine": "wine",
    COMPILER: "gcc-mingw-w64-x86-64",
    "unshare": "util-linux",
    "ip": "iproute2",
}
"""What has to be installed, and the Debian package that brings it."""
ENVIRONMENT = {"WINEARCH": "win64", "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=;mshtml="}
HTTP_SERVICE = r"\\services\\http]"
"""What the registry names if it is whole; lower case."""
PREFIX_TRIES = 5
SERVICE_MILLISECONDS = "60000"
BESIDE_PYTHON = {"python311.dll", "vcruntime140.dll"}
PACK = r"""
import pathlib, zipfile
library = pathlib.Path("C:/Python/Lib")
with zipfile.PyZipFile("C:/Python/python311.zip", "w") as archive:
    for folder in (library, *(file.parent for file in sorted(library.glob("*/__init__.py")))):
        archive.writepy(str(folder))
"""
"""Packs the standard library: a look at a file takes Wine half a millisecond, and a start does it a thousand times."""
IN_DLLS = {"libffi-8.dll", "libcrypto-3.dll", "libssl-3.dll", "sqlite3.dll"}


class LabMissing(Exception):
    """The lab cannot be built here; says what is missing."""


def lab() -> Path:
    """Return the prefix with Python and what Certify requires; it is built if it is not there.

    Raises:
        LabMissing: a program or package is missing.
    """
    _check_programs()
    made_of = [REQUIREMENTS, Path(__file__), *sorted((HERE / "native").iterdir()), ONE_AT_A_TIME]
    built = CACHE / f"lab-{_digest(made_of)}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "lab.lock"):
        if not built.exists():
            _forget("lab-*")
            _build(built)
    return built


def wheel() -> Path:
    """Return Certify's wheel as the tree is now."""
    sources = [PROJECT / "pyproject.toml", PROJECT / "README.md"]
    for folder in ("certify_core", "plugins"):
        files = (file for file in (PROJECT / folder).rglob("*") if "__pycache__" not in file.parts)
        sources += [file for file in files if file.is_file()]
    built = CACHE / f"wheel-{_digest(sorted(sources))}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "wheel.lock"):
        if not built.exists():
            _forget("wheel-*")
            with tempfile.TemporaryDirectory(dir=CACHE) as made:
                _pip("wheel", "--no-deps", "--wheel-dir", made, str(PROJECT))
                shutil.copytree(made, built)
    (found,) = built.glob("*.whl")
    return found


def _check_programs() -> None:
    missing = sorted({package for program, package in PROGRAMS.items() if not shutil.which(program)})
    if not STANDARD_LIBRARY.is_dir():
        missing.append("libpython3.11-stdlib")
    if missing:
        raise LabMissing(f"The Windows tests need Wine and more. Install the Debian packages {' '.join(missing)}.")


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(PROJECT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _forget(pattern: str) -> None:
    for old in CACHE.glob(pattern):
        if old.is_dir():
            shutil.rmtree(old)


def _build(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        prefix = Path(temporary) / "prefix"
        _make_prefix(prefix)
        python = prefix / "drive_c" / "Python"
        _add_interpreter(python)
        _add_programs(python)
        _add_packages(python / "Lib" / "site-packages")
        for library in (python / "Lib/site-packages/pywin32_system32").iterdir():
            shutil.copy2(library, python)
        _wine(prefix, ["wine", str(python / "python.exe"), "-c", PACK])
        prefix.rename(target)


def _make_prefix(prefix: Path) -> None:
    # On a busy machine Wine gives up some of the registry and says nothing.
    for _ in range(PREFIX_TRIES):
        _wine(prefix, ["wine", "wineboot", "--init"])
        if HTTP_SERVICE in (prefix / "system.reg").read_text(encoding="utf-8", errors="replace").lower():
            break
        shutil.rmtree(prefix)
    else:
        raise LabMissing(f"Wine made no whole prefix in {PREFIX_TRIES} tries. Try again when the machine is less busy.")
    # Wine says that it is Windows 7, which Python 3.11 does not run on.
    _wine(prefix, ["wine", "reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f"])
    # It gives a service ten seconds to say that it is there, and Windows thirty: here the machine may be a busy one.
    control = r"HKLM\System\CurrentControlSet\Control"
    _wine(prefix, ["wine", "reg", "add", control, "/v", "ServicesPipeTimeout", "/d", SERVICE_MILLISECONDS, "/f"])


def _wine(prefix: Path, command: Sequence[str]) -> None:
    """Run a command of Windows, and wait until all that it has started has ended."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {**ENVIRONMENT, "WINEPREFIX": str(prefix)}
    _run(command, environment)
    _run(["wineserver", "--wait"], environment)


def _add_interpreter(python: Path) -> None:
    """Put python.org's binaries and Debian's library of modules together."""
    shutil.copytree(STANDARD_LIBRARY, python / "Lib", ignore=shutil.ignore_patterns(*LEFT_OUT))
    (python / "Lib/site-packages").mkdir()
    (python / "DLLs").mkdir()
    with tempfile.TemporaryDirectory() as download:
        _pip(
            *("download", "--no-deps", "--dest", download, *_for_windows(), "--abi", "cp311"),
            PYTHON_WHEEL,
        )
        (file,) = Path(download).glob("*.whl")
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                folder, _, base = name.rpartition("/")
                if folder != "deploy_libs":
                    continue
                if base.lower() in BESIDE_PYTHON:
                    (python / base).write_bytes(archive.read(name))
                elif base.endswith(".pyd") or base in IN_DLLS:
                    (python / "DLLs" / base).write_bytes(archive.read(name))


def _add_programs(python: Path) -> None:
    """Compile what the wheel does not bring."""
    native = HERE / "native"
    with tempfile.TemporaryDirectory() as folder:
        definitions = Path(folder) / "python3.def"
        definitions.write_text(_forwarder(python / "python311.dll"))
        compile_ = [COMPILER, "-O1", "-s", "-w"]
        _run([*compile_, "-municode", str(native / "python.c"), "-o", str(python / "python.exe")])
        random, stable = python / "bcryptprimitives.dll", python / "python3.dll"
        _run([*compile_, "-shared", str(native / "bcryptprimitives.c"), "-o", str(random), "-ladvapi32"])
        alone = ["-shared", "-nostdlib", "-Wl,-e,DllMain"]
        _run([*compile_, *alone, str(native / "python3.c"), str(definitions), "-o", str(stable)])


def _forwarder(library: Path) -> str:
    """Return the module definition of a library that hands every name on to `library`."""
    listed = _run([COMPILER.replace("gcc", "objdump"), "--private-headers", str(library)])
    _, _, names = listed.partition("[Ordinal/Name Pointer] Table")
    lines = names.strip().split("\n\n")[0].splitlines()
    exported = [line.split()[-1] for line in lines if line.lstrip().startswith("[")]
    forwards = [f"  {name} = {library.stem}.{name}" for name in exported if name.lstrip("_").startswith("Py")]
    return "\n".join(["LIBRARY python3", "EXPORTS", *forwards, ""])


def _add_packages(folder: Path) -> None:
    _pip("install", "--no-deps", "--no-compile", "--target", str(folder), *_for_windows(), "-r", str(REQUIREMENTS))
    shutil.copy2(ONE_AT_A_TIME, folder)


def _for_windows() -> list[str]:
    wanted = ["--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp"]
    return [*wanted, "--only-binary=:all:"]


def _pip(*arguments: str) -> None:
    _run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments])


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    # A pipe for the output: Wine's Python cannot write to a file that it is given as standard output.
    ended = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if ended.returncode:
        raise LabMissing(f"{' '.join(command[:4])} ... ended with {ended.returncode}:\n{ended.stdout[-2000:]}")
    return ended.stdout


if __name__ == "__main__":
    print(lab())
    print(wheel())
