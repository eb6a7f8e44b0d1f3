"""Reads the CSV files that Certify The Web imports; what is wrong is named with line and column, all of it at once.

Without a header a row is `SiteID, Name, domain;domain`. A header names the columns in any order; it has `domains`, and
`name` or `siteid`. Commas between braces separate nothing, so that a webhook's JSON needs no quotes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

COLUMNS = (
    "siteid",
    "name",
    "domains",
    "primarydomain",
    "includeinautorenew",
    "performautoconfig",
    "performchallengefilecopy",
    "performextensionlessconfigchecks",
    "performtlssnibindingconfigchecks",
    "performautomatedcertbinding",
    "enablefailurenotifications",
    "prerequestpowershellscript",
    "postrequestpowershellscript",
    "webhooktrigger",
    "webhookmethod",
    "webhookurl",
    "webhookcontenttype",
    "webhookcontentbody",
    "deploymentsiteoption",
)
WITHOUT_HEADER = COLUMNS[:3]
_COMMA = "\x1f"
"""Stands for a comma between braces; no text has this character."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong, and where."""

    line: int
    column: int
    """The first is 1; 0 for the whole line."""
    name: str
    """Of the column; empty for the whole line."""
    cause: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f", column {self.column} ({self.name})" if self.name else f", column {self.column}" * bool(self.column)
        return f"Line {self.line}{where}: {self.cause}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the values by the names of their columns, without blanks around them."""

    line: int
    values: Mapping[str, str]
    columns: tuple[str, ...] = field(repr=False)

    def fault(self, name: str, cause: str, remedy: str = "") -> Fault:
        """Return what is wrong with a value."""
        return Fault(self.line, self.columns.index(name) + 1 if name in self.columns else 0, name, cause, remedy)


def read_rows(text: str) -> tuple[list[Row], list[Fault]]:
    """Return all rows that could be read, and all that is wrong with the others."""
    reader = csv.reader(_with_commas_kept(io.StringIO(text, newline="")), skipinitialspace=True, strict=True)
    rows: list[Row] = []
    faults: list[Fault] = []
    columns: tuple[str, ...] | None = None
    try:
        for cells in reader:
            values = [cell.replace(_COMMA, ",").strip() for cell in cells]
            if not any(values):
                continue
            if columns is None:
                columns, of_header = _header(values, reader.line_num)
                faults += of_header
                if _is_header(values):
                    continue
            if len(values) != len(columns):
                faults.append(_width(reader.line_num, values, columns))
            else:
                rows.append(Row(reader.line_num, dict(zip(columns, values, strict=True)), columns))
    except csv.Error as error:
        faults.append(Fault(reader.line_num, 0, "", f"It is not CSV: {error}.", "Close every quotation mark."))
    return rows, faults


def _is_header(values: list[str]) -> bool:
    names = {value.lower() for value in values}
    return "domains" in names and not names.isdisjoint({"name", "siteid"})


def _header(values: list[str], line: int) -> tuple[tuple[str, ...], list[Fault]]:
    """Return the columns, and what is wrong with their names."""
    if not _is_header(values):
        return WITHOUT_HEADER, []
    names = tuple(value.lower() for value in values)
    faults = []
    for number, name in enumerate(names, 1):
        if name not in COLUMNS:
            known = f"Remove the column, or mend its name; known: {', '.join(COLUMNS)}."
            faults.append(Fault(line, number, name, "There is no such column.", known))
        elif name in names[: number - 1]:
            faults.append(Fault(line, number, name, "The column is there twice.", "Remove one of the two."))
    return names, faults


def _width(line: int, values: list[str], columns: tuple[str, ...]) -> Fault:
    cause = f"There are {len(values)} values for {len(columns)} columns ({', '.join(columns)})."
    remedy = "Separate domains by semicolons, and put quotation marks around what has a comma in it."
    return Fault(line, min(len(values), len(columns)) + 1, "", cause, remedy)


def _with_commas_kept(lines: Iterable[str]) -> Iterator[str]:
    """Give lines in which commas between braces separate nothing; where braces do not match, lines as they are."""
    quoted = False
    for line in lines:
        kept, depth, begins = [], 0, True
        for letter in line:
            if quoted:
                quoted = letter != '"'
            elif letter == '"' and begins:
                quoted = True
            elif letter in "{}":
                depth = max(0, depth + (1 if letter == "{" else -1))
            kept.append(_COMMA if letter == "," and depth and not quoted else letter)
            begins = not quoted and not depth and (letter == "," or (begins and letter == " "))
        yield "".join(kept) if not depth else line
