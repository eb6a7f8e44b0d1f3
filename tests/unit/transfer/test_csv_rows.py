"""How the CSV files of Certify The Web are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify_core.transfer.csv_rows import COLUMNS, Fault, Row, read_rows


def rows(text: str) -> list[dict[str, str]]:
    found, faults = read_rows(text)
    assert faults == []
    return [dict(row.values) for row in found]


def faults(text: str) -> list[Fault]:
    return read_rows(text)[1]


def test_without_a_header_a_row_is_site_name_and_domains() -> None:
    assert rows("1, Shop, a.test;b.test\n") == [{"siteid": "1", "name": "Shop", "domains": "a.test;b.test"}]


@pytest.mark.parametrize(
    "text", ["Domains,SiteID\na.test,auto\n", "siteid, domains\nauto, a.test\n", "SITEID,DOMAINS\r\nauto,a.test\r\n"]
)
def test_a_header_names_the_columns_in_any_order(text: str) -> None:
    assert rows(text) == [{"siteid": "auto", "domains": "a.test"}]


def test_all_columns_of_the_original_are_known() -> None:
    assert rows(",".join(COLUMNS) + "\n" + ",".join(COLUMNS) + "\n") == [dict(zip(COLUMNS, COLUMNS, strict=True))]


def test_commas_between_braces_separate_nothing() -> None:
    text = 'name,domains,webhookcontentbody,siteid\nShop,a.test,{"a": [1, 2], "b": {"c": "d, e"}},3\n'
    assert rows(text)[0]["webhookcontentbody"] == '{"a": [1, 2], "b": {"c": "d, e"}}'


def test_a_brace_alone_protects_nothing() -> None:
    assert rows("1, Shop {old, a.test\n")[0]["name"] == "Shop {old"


def test_braces_between_quotation_marks_are_text() -> None:
    assert rows('1,"Shop, {old",a.test\n2,"}, new",b.test\n')[0]["name"] == "Shop, {old"


def test_a_value_in_quotation_marks_may_have_commas_and_quotation_marks() -> None:
    assert rows('1,"The ""big"", old shop",a.test\n')[0]["name"] == 'The "big", old shop'


def test_a_value_in_quotation_marks_may_go_over_lines_and_the_next_row_has_its_own_line() -> None:
    found, _ = read_rows('1,"over\ntwo lines",a.test\n2,x,b.test\n')
    assert [row.line for row in found] == [2, 3]


def test_empty_lines_are_no_rows() -> None:
    assert len(rows("\n1,a,a.test\n\n,,\n2,b,b.test\n\n")) == 2


def test_a_file_without_anything_has_no_rows() -> None:
    assert read_rows("") == ([], [])


def test_too_few_values_are_told_with_the_line_and_the_column_that_is_missing() -> None:
    (fault,) = faults("1,Shop,a.test\n2,b.test\n")
    assert (fault.line, fault.column) == (2, 3)


def test_a_comma_between_domains_is_told_with_its_place() -> None:
    (fault,) = faults("1,Shop,a.test,b.test\n")
    assert ((fault.line, fault.column), "semicolons" in fault.remedy) == ((1, 4), True)


def test_an_unknown_column_is_named_with_its_place() -> None:
    (fault,) = faults("name,domains,owner\na,a.test,me\n")
    assert str(fault) == "Line 1, column 3 (owner): There is no such column."


def test_a_column_that_is_there_twice_is_named() -> None:
    (fault,) = faults("name,domains,name\na,a.test,b\n")
    assert (fault.column, "twice" in fault.cause) == (3, True)


def test_a_quotation_mark_without_end_is_told_with_its_line() -> None:
    (fault,) = faults('1,"Shop,a.test\n')
    assert "not CSV" in fault.cause


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert [fault.line for fault in faults("1,a\n2,b,b.test\n3,c\n")] == [1, 3]


@given(st.text(max_size=200))
def test_whatever_the_text_is_it_is_read_or_told(text: str) -> None:
    found, told = read_rows(text)
    assert all(isinstance(row, Row) for row in found)
    assert all(fault.line >= 0 for fault in told)
