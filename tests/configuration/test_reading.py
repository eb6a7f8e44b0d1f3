"""Files are read with the place of everything in them; what is no document is told with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certify_core.configuration.reading import UNKNOWN, Reading, read, stamps_of
from certify_core.errors import InvalidInput

ONE = "kind: ManagedCertificate\nname: shop\nidentifiers: [shop.test]\n"


def reading_of(folder: Path, text: str | bytes, name: str = "a.yaml") -> Reading:
    """Return what one file says."""
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read(folder)


def problems(reading: Reading) -> list[str]:
    """Return what is wrong, each with its place."""
    return [f"{problem.place}: {problem.cause}" for problem in reading.problems]


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("a.yaml", "# first\nkind: Deployment\nname: web\ntarget: files\nparameters:\n  dir: /tls\n", (6, 3)),
        ("a.yml", "- kind: Deployment\n  name: web\n  target: files\n  parameters: {dir: /tls}\n", (4, 16)),
        ("a.json", '{\n\t"kind": "Deployment",\n\t"name": "web",\n\t"parameters": {"dir": "/tls"}}', (4, 17)),
        ("a.toml", 'kind = "Deployment"\nname = "web"\n[parameters]\n  dir = "/tls"\n', (4, 3)),
        ("a.toml", '[[documents]]\nkind = "Deployment"\nname = "web"\nparameters.dir = "/tls"\n', (4, 1)),
        ("a.toml", 'kind = "Deployment"\nname = """\nx = 1\n"""\nparameters = { dir = "/tls" }\n', (5, 1)),
    ],
)
def test_every_field_has_a_place(tmp_path: Path, name: str, text: str, where: tuple[int, int]) -> None:
    (document,) = reading_of(tmp_path, text, name).documents
    assert document.content["parameters"] == {"dir": "/tls"}
    assert document.position_of("parameters.dir") == where


def test_what_is_missing_has_the_place_of_what_is_around_it(tmp_path: Path) -> None:
    (document,) = reading_of(tmp_path, "kind: ManagedCertificate\nchallenge:\n  provider: http\n").documents
    assert document.position_of("challenge.parameters.path") == (2, 1)
    assert document.position_of("name") == (1, 1)


def test_a_file_may_have_several_documents_and_comments_alone_are_none(tmp_path: Path) -> None:
    found = reading_of(tmp_path, f"# nothing\n---\n{ONE}---\n{ONE.replace('shop', 'other')}---\n")
    assert [document.content["name"] for document in found.documents] == ["shop", "other"]
    assert [document.position_of("") for document in found.documents] == [(3, 1), (7, 1)]


def test_an_empty_list_means_that_there_are_none(tmp_path: Path) -> None:
    assert reading_of(tmp_path, "[]") == Reading()


def test_words_are_words(tmp_path: Path) -> None:
    (document,) = reading_of(
        tmp_path, "kind: Deployment\nparameters: {mode: 0600, on: no, port: 443, x: 1.5}"
    ).documents
    assert document.content["parameters"] == {"mode": "0600", "on": "no", "port": 443, "x": 1.5}


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert len(reading_of(tmp_path, b"\xef\xbb\xbf" + ONE.encode()).documents) == 1


def test_files_are_read_in_the_order_of_their_names_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/z.yml", ".git/c.yaml", ".d.yaml", "notes.txt", "certify.schema.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(ONE)
    assert [document.file for document in read(tmp_path).documents] == ["a/z.yml", "b.yaml"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.yaml", "kind: Deployment\n name: web", "a.yaml:2:6: This is not YAML"),
        ("a.yaml", "kind: Deployment\nname: a\nname: b", "a.yaml:3:1: The field name is there twice."),
        ("a.yaml", "kind: !!python/object:os.system x", "a.yaml:1:7: Tags"),
        ("a.yaml", "kind: &a [*a]", "a.yaml:1:7: This alias is part of what it stands for."),
        ("a.yaml", "name: shop", "a.yaml:1:1: This is no document: it has no kind."),
        ("a.yaml", f"{ONE}---\nkind: Certificate\n", "a.yaml:5:1: There is no kind 'Certificate'."),
        ("a.yaml", b"kind: Deployment\nname: \xe4", "a.yaml:2:1: This is not UTF-8."),
        ("a.yaml", "just words", "a.yaml:1:1: This is no document"),
        ("a.yaml", "", "a.yaml:1:1: There is no document in the file."),
        ("a.yaml", "# words alone\n---\n", "a.yaml:1:1: There is no document in the file."),
        ("a.toml", "", "a.toml:1:1: There is no document in the file."),
        ("a.json", "", "a.json:1:1: This is not JSON"),
        ("a.json", "null", "a.json:1:1: There is no document in the file."),
        ("a.json", '{"kind": "Account",\n"authority" "x"}', "a.json:2:13: This is not JSON"),
        ("a.json", '{"kind": "Account",\n"kind": "Account"}', "a.json:2:1: The field kind is there twice."),
        ("a.toml", 'kind = "Account"\nauthority = x', "a.toml:2:13: This is not TOML"),
        ("a.toml", 'kind = "Account"\nauthority = """', "a.toml:2:"),
    ],
)
def test_what_is_no_document_is_told_with_its_place(tmp_path: Path, name: str, text: str | bytes, problem: str) -> None:
    found = problems(reading_of(tmp_path, text, name))
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_a_few_lines_that_stand_for_millions_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 9)]
    assert "more than 200,000 values" in problems(reading_of(tmp_path, "\n".join(lines)))[0]


def test_a_broken_file_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(ONE)
    found = reading_of(tmp_path, "{", "broken.yaml")
    assert [document.file for document in found.documents] == ["good.yaml"]
    assert [problem.file for problem in found.problems] == ["broken.yaml"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(ONE)
    make_too_deep(tmp_path)
    found = read(tmp_path)
    assert [document.file for document in found.documents] == ["good.yaml"]
    (problem,) = found.problems
    assert problem.cause.startswith("The folder ")
    assert problem.cause.endswith(" cannot be listed: File name too long.")
    assert stamps_of(tmp_path)[problem.file] == UNKNOWN


def make_too_deep(folder: Path) -> None:
    """Make folders in folders whose path is at last longer than the system takes, for root too."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(4096 // 250 + 1):
        os.mkdir("x" * 250, dir_fd=at)
        below = os.open("x" * 250, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


def test_one_file_can_be_read_alone(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(ONE)
    assert [document.file for document in read(tmp_path / "one.yaml").documents] == ["one.yaml"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no file or folder"):
        read(tmp_path / "nowhere")
