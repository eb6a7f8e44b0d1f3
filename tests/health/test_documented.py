"""Whatever doctor may find is explained."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
SOURCES = [
    *(ROOT / "certify_core" / "health").glob("*.py"),
    *(ROOT / "certify_core" / "service").glob("*.py"),
    *(ROOT / "plugins").glob("*/*/*.py"),
]
CODE = re.compile(
    r'(?:code=|Finding\(\s*|Interference\(\s*|HttpSysRefused\(\s*|_found\(|_lacking\()"([a-z0-9-]+)"(?:,\s*(?:severity=)?Severity\.(\w+))?'
)


def codes() -> set[str]:
    """Return the codes of all findings in the sources that are not all right."""
    found = {match for path in SOURCES for match in CODE.findall(path.read_text(encoding="utf-8"))}
    found |= {(text, "") for path in SOURCES for text in re.findall(r'code="([a-z0-9-]+)" if', path.read_text())}
    found |= {(text, "") for path in SOURCES for text in re.findall(r'else "([a-z]+-[a-z-]+)",', path.read_text())}
    found |= {
        (text, "") for path in SOURCES for text in re.findall(r'^SERVICE_\w+ = "([a-z-]+)"$', path.read_text(), re.M)
    }
    good = {code for code, severity in found if severity == "OK"}
    return {code for code, _ in found} - good


def test_every_finding_is_explained() -> None:
    assert len(codes()) > 25
    assert sorted(code for code in codes() if f"`{code}`" not in PAGE) == []


def test_nothing_is_explained_that_is_never_found() -> None:
    explained = {
        code for row in re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE) for code in re.findall(r"`(.*?)`", row)
    }
    assert sorted(explained - codes()) == []
