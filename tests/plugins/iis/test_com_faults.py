"""What the answers of IIS mean, one sentence and a remedy each."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from certify_iis.administration import ConfigurationChanged
from certify_iis.com_faults import commit_refused, refused


@dataclass
class ComError(Exception):
    """As pywin32 makes it: numbers are signed, and the real one may be inside."""

    hresult: int
    excepinfo: tuple[object, ...] | None = None
    strerror: str = "Error"


def inside(code: int, text: str = "") -> ComError:
    """Return the error as IDispatch brings it: a generic one, with the real one inside."""
    return ComError(0x80020009 - 2**32, (0, "ahadmin", text, None, 0, code - 2**32))


MEANINGS = {
    0x80040154: "IIS is not installed",
    0x800401F3: "IIS is not installed",
    0x80070005: "access denied",
    0x80070021: "locked",
    0x80070020: "changed by somebody else",
    0x800700B7: "changed by somebody else",
    0x80070520: "not in the machine's store",
    0x8000FFFF: r"\(0x8000FFFF\)",
}


@pytest.mark.parametrize("code", MEANINGS, ids=hex)
@pytest.mark.parametrize("make", [lambda code: ComError(code - 2**32), inside], ids=["plain", "inside"])
def test_each_answer_has_one_clear_message(code: int, make: type[ComError]) -> None:
    failure = refused("do it", make(code))
    with pytest.raises(type(failure), match=MEANINGS[code]):
        raise failure
    assert failure.remedy


@pytest.mark.parametrize("code", [0x80070005, 0x80070021], ids=hex)
def test_a_commit_that_is_forbidden_is_not_tried_again(code: int) -> None:
    assert not isinstance(commit_refused(inside(code)), ConfigurationChanged)


def test_any_other_refused_commit_is_tried_again() -> None:
    failure = commit_refused(inside(0x8007000D, "The file has changed on disk.\r\n"))
    assert (type(failure), "The file has changed on disk" in failure.cause) == (ConfigurationChanged, True)
