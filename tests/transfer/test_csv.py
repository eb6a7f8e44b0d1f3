"""The CSV files of Certify The Web come in through the API; nothing is requested before somebody asks."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.issuing import request, show
from tests.support.service import Answer, Service
from tests.support.tokens import make_token
from tests.support.wishes import CERTIFICATES, resting

CSV = "/api/import/csv"


def import_csv(service: Service, content: str, **more: Any) -> Answer:
    """Import a file without deployments, with the local authority."""
    return service.call("POST", CSV, {"content": content, "authority": "local", "deploy": False, **more})


def items(answer: Answer) -> list[tuple[str, list[str], str]]:
    """Return name, domains and fate of each row."""
    assert answer.status == 200, answer.body
    return [(item["name"], item["identifiers"], item["fate"]) for item in answer.body["items"]]


def names_in(service: Service) -> set[str]:
    """Return the names of all managed certificates."""
    return {item["name"] for item in service.call("GET", f"{CERTIFICATES}?limit=1000").body["items"]}


def test_rows_become_managed_certificates_that_wait_to_be_asked_for(service: Service, name: str) -> None:
    answer = import_csv(service, f"1, Shop {name}, {name};www.{name}\n")
    certificate = show(service, answer.body["items"][0]["certificate_id"])
    assert (certificate["name"], certificate["settings"]["identifiers"]) == (f"Shop {name}", [name, f"www.{name}"])
    assert (certificate["status"], certificate["next_due_at"]) == ("waiting", None)
    assert certificate["settings"]["renewal"]["automatic"] is True


def test_asked_for_it_is_issued_and_renewed_from_then_on(service: Service, name: str) -> None:
    certificate_id = import_csv(service, f"1,,{name}\n").body["items"][0]["certificate_id"]
    request(service, certificate_id)
    certificate = show(service, certificate_id)
    assert (certificate["status"], certificate["next_due_at"] is not None) == ("healthy", True)


def test_the_site_is_a_deployment_to_iis(service: Service, name: str) -> None:
    answer = import_csv(service, f"siteid,domains\n7,{name}\n", deploy=True)
    (deployment,) = show(service, answer.body["items"][0]["certificate_id"])["settings"]["deployments"]
    assert (deployment["target"], deployment["parameters"]) == ("iis", {"sites": "7"})


def test_a_preview_says_what_would_be_new_and_does_nothing(service: Service, name: str) -> None:
    answer = import_csv(service, f"1,Shop,{name}\n", preview=True)
    assert (items(answer), answer.body["imported"]) == ([("Shop", [name], "create")], False)
    assert "Shop" not in names_in(service)


def test_imported_again_it_brings_nothing_and_says_where_it_is(service: Service, name: str) -> None:
    first = import_csv(service, f"1,,{name}\n")
    again = import_csv(service, f"1,,{name}\n")
    assert items(again) == [(name, [name], "unchanged")]
    assert again.body["items"][0]["certificate_id"] == first.body["items"][0]["certificate_id"]


def test_imported_twice_at_once_it_comes_once(service: Service, name: str) -> None:
    rows = "".join(f"1,,{number}.{name}\n" for number in range(20))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: import_csv(service, rows), range(4)))
    fates = Counter(fate for answer in answers for _, _, fate in items(answer))
    assert fates == {"create": 20, "unchanged": 60}


def test_domains_that_another_has_are_left_out_and_told(service: Service, name: str) -> None:
    service.call("POST", CERTIFICATES, resting(name, name=f"First {name}"))
    answer = import_csv(service, f"1,Second,{name};www.{name}\n")
    assert items(answer) == [("Second", [f"www.{name}"], "create")]
    assert answer.body["items"][0]["notes"] == [f"{name} is left out: First {name} has it."]


def test_domains_of_an_earlier_row_are_left_out_and_told(service: Service, name: str) -> None:
    answer = import_csv(service, f"1,,{name}\n2,,{name};b.{name}\n", preview=True)
    assert items(answer)[1][1] == [f"b.{name}"]
    assert answer.body["items"][1]["notes"] == [f"{name} is left out: line 1 has it."]


def test_if_a_row_is_wrong_none_is_imported_and_all_that_is_wrong_is_told(service: Service, name: str) -> None:
    answer = import_csv(service, f"1,,{name}\nx,,b.{name}\n3,,not a name\n")
    told = [(fault["line"], fault["column"], fault["name"]) for fault in answer.body["faults"]]
    assert (answer.body["imported"], told) == (False, [(2, 1, "siteid"), (3, 3, "domains")])
    assert name not in names_in(service)


def test_what_the_authority_cannot_issue_is_told_with_its_line(service: Service, name: str) -> None:
    answer = service.call("POST", CSV, {"content": f"1,,*.{name}\n"})
    assert ([fault["line"] for fault in answer.body["faults"]], "wildcard" in str(answer.body)) == ([1], True)


def test_columns_without_a_meaning_here_are_told(service: Service, name: str) -> None:
    answer = import_csv(
        service, f"name,domains,performautoconfig,webhookurl\n,{name},true,https://hooks.test\n", preview=True
    )
    assert [note.partition(":")[0] for note in answer.body["notes"]] == ["performautoconfig"]
    assert [note.partition(":")[0] for note in answer.body["items"][0]["notes"]] == ["webhookurl"]


@pytest.mark.parametrize("content", ["", "\n\n", "name,domains\n"])
def test_a_file_without_rows_is_told(service: Service, content: str) -> None:
    assert [fault["cause"] for fault in import_csv(service, content).body["faults"]] == ["There is no row."]


def test_an_authority_that_is_unknown_is_told(service: Service, name: str) -> None:
    answer = import_csv(service, f"1,,{name}\n", authority="nobody")
    assert "nobody" in answer.body["faults"][0]["cause"]


def test_only_an_administrator_may(service: Service, name: str) -> None:
    token = make_token(service, "operator")
    assert service.call("POST", CSV, {"content": f"1,,{name}\n"}, token=token).status == 403
