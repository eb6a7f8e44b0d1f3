"""What a row of Certify The Web means here."""

from __future__ import annotations

from typing import Any

import pytest

from certify_core.transfer.csv_rows import Fault, Row
from certify_core.transfer.csv_settings import Meaning, RowRefused, meaning_of, notes_on_columns, settings_of


def row(**values: str) -> Row:
    columns = {"siteid": "1", "name": "Shop", "domains": "a.test;b.test", **values}
    return Row(7, columns, tuple(columns))


def meaning(**values: str) -> Meaning:
    return meaning_of(row(**values))


def faults(**values: str) -> list[Fault]:
    with pytest.raises(RowRefused) as caught:
        meaning(**values)
    return caught.value.faults


DEPLOYMENTS: dict[str, tuple[dict[str, str], list[dict[str, Any]]]] = {
    "a site": ({"siteid": "3"}, [{"sites": "3"}]),
    "auto": ({"siteid": "auto"}, [{}]),
    "nothing": ({"siteid": ""}, [{}]),
    "option auto": ({"deploymentsiteoption": "5"}, [{}]),
    "option single site": ({"deploymentsiteoption": "10"}, [{"sites": "1"}]),
    "option all sites": ({"deploymentsiteoption": "20"}, [{}]),
    "option store only": ({"deploymentsiteoption": "30"}, [{"mode": "store-only"}]),
    "option none": ({"deploymentsiteoption": "40"}, []),
    "no binding": ({"performautomatedcertbinding": "False"}, [{"mode": "store-only"}]),
}


@pytest.mark.parametrize(("values", "parameters"), DEPLOYMENTS.values(), ids=DEPLOYMENTS.keys())
def test_the_site_and_its_option_are_a_deployment_to_iis(
    values: dict[str, str], parameters: list[dict[str, Any]]
) -> None:
    found = meaning(**values).deployments
    assert [(item.target, item.parameters) for item in found] == [("iis", each) for each in parameters]


def test_the_primary_domain_is_the_first() -> None:
    assert meaning(primarydomain="b.test").identifiers == ("b.test", "a.test")


def test_domains_are_kept_as_everywhere_here() -> None:
    assert meaning(domains=" A.test ; bücher.test;;").identifiers == ("a.test", "xn--bcher-kva.test")


def test_a_domain_that_is_there_twice_is_told() -> None:
    found = meaning(domains="a.test;A.TEST")
    assert (found.identifiers, found.notes) == (("a.test",), ("a.test is there twice.",))


@pytest.mark.parametrize(("text", "automatic"), [("true", True), ("FALSE", False), ("0", False), ("", True)])
def test_automatic_renewal_is_as_it_was(text: str, automatic: bool) -> None:
    assert meaning(includeinautorenew=text).automatic is automatic


def test_nothing_is_requested_before_somebody_asks() -> None:
    settings = settings_of(meaning(), "letsencrypt", None, deploy=True)
    assert (settings.renewal.automatic, settings.renewal.begins_by_itself) == (True, False)


def test_nothing_is_deployed_where_that_is_not_wanted() -> None:
    assert settings_of(meaning(), "letsencrypt", None, deploy=False).deployments == ()


WRONG = {
    "siteid": {"siteid": "first"},
    "domains": {"domains": "a.test;not a name"},
    "primarydomain": {"primarydomain": "c.test"},
    "includeinautorenew": {"includeinautorenew": "perhaps"},
    "performautoconfig": {"performautoconfig": "perhaps"},
    "deploymentsiteoption": {"deploymentsiteoption": "7"},
}


@pytest.mark.parametrize(("column", "values"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong_is_told_with_line_and_column(column: str, values: dict[str, str]) -> None:
    (fault,) = faults(**values)
    assert (fault.line, fault.name, row(**values).columns[fault.column - 1]) == (7, column, column)


def test_a_row_without_domains_is_refused() -> None:
    assert [fault.name for fault in faults(domains=" ; ")] == ["domains"]


def test_a_single_site_without_a_number_is_refused() -> None:
    assert [fault.name for fault in faults(siteid="auto", deploymentsiteoption="10")] == ["siteid"]


def test_all_that_is_wrong_with_a_row_is_told_at_once() -> None:
    assert [fault.name for fault in faults(siteid="x", domains="?", includeinautorenew="?")] == [
        "domains",
        "includeinautorenew",
        "siteid",
    ]


@pytest.mark.parametrize("column", ["prerequestpowershellscript", "postrequestpowershellscript", "webhookurl"])
def test_what_somebody_has_to_do_by_hand_is_told_without_its_value(column: str) -> None:
    (note,) = meaning(**{column: "secret"}).notes
    assert (note.startswith(column), "secret" in note) == (True, False)


def test_columns_that_need_no_counterpart_are_told_once_with_the_reason() -> None:
    notes = notes_on_columns(["name", "domains", "performautoconfig", "webhookmethod"])
    assert [note.partition(":")[0] for note in notes] == ["performautoconfig", "webhookmethod"]
