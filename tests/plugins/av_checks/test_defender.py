"""Whether Microsoft Defender leaves a folder alone, told from the folders that it was told to."""

from __future__ import annotations

import pytest

from certify_av_checks.defender import covers

DATA = r"C:\ProgramData\Certify"


@pytest.mark.parametrize(
    ("excluded", "covered"),
    [
        ([], False),
        ([DATA], True),
        ([r"c:\programdata\certify"], True),
        ([r"C:\ProgramData\Certify" + "\\"], True),
        ([r"C:\ProgramData"], True),
        ([r"C:\ProgramData\CertifyOther"], False),
        ([r"C:\ProgramData\Certify\logs"], False),
        ([r"D:\ProgramData\Certify"], False),
    ],
)
def test_a_folder_is_left_alone_with_all_that_is_in_it(excluded: list[str], covered: bool) -> None:
    assert covers(excluded, DATA) is covered
