"""Which user of the system a name stands for, and which groups he is in: of one realm alone."""

from __future__ import annotations

import getpass

import pytest

from certify_negotiate.posix_groups import groups_of_user


@pytest.mark.parametrize("name", ["EXAMPLE\\{}", "example\\{}", "{}@EXAMPLE"])
def test_a_user_of_the_realm_is_the_systems_user_of_that_name(name: str) -> None:
    assert groups_of_user(name.format(getpass.getuser()), "EXAMPLE").names != frozenset()


@pytest.mark.parametrize("name", ["OTHER\\{}", "{}@OTHER", "{}", "{}/host@EXAMPLE", "\\{}", "{}@", "EXAMPLE\\{}x"])
def test_everybody_else_is_a_stranger(name: str) -> None:
    groups = groups_of_user(name.format(getpass.getuser()), "EXAMPLE")
    assert (groups.names, groups.are_administrators) == (frozenset(), False)


def test_without_a_realm_everybody_is_a_stranger() -> None:
    assert groups_of_user(f"\\{getpass.getuser()}", "").names == frozenset()


def test_root_is_an_administrator_and_others_are_not() -> None:
    found = [groups_of_user(f"EXAMPLE\\{user}", "EXAMPLE").are_administrators for user in ("root", "games")]
    assert found == [True, False]
