"""A document as it was read: its content, where each part of it stands, and the secrets that it refers to.

That is what is sent to the service, so that every error is told with file, line and column, whoever finds it.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, StrictInt

from certify_core.configuration.documents import Kind, name_in
from certify_core.domain.failure import FailureClass
from certify_core.errors import InvalidInput

Position = tuple[StrictInt, StrictInt]
"""Line and column, counted from 1."""


class SourceDocument(BaseModel):
    """One document of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    """As it is shown: relative to the folder that is applied."""
    content: dict[str, JsonValue]
    positions: dict[str, Position] = Field(default_factory=dict)
    """Of each field by its path, such as ``deployments.0.target``; the empty path is the document."""
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """What was found where the content says that a secret comes from, by the path of the field."""

    @property
    def label(self) -> str:
        """Kind and name, for people."""
        return f"{self.content.get('kind')} {name_in(self.content)}".strip()

    def position_of(self, field: str) -> Position:
        """Return where a field stands, or the nearest thing around it that does."""
        parts = field.split(".") if field else []
        for length in range(len(parts), -1, -1):
            found = self.positions.get(".".join(parts[:length]))
            if found is not None:
                return found
        return (1, 1)

    def without_kind(self) -> Problem:
        """Return that it is no document of a kind that there is."""
        given = self.content.get("kind")
        cause = "This is no document: it has no kind." if given is None else f"There is no kind {given!r}."
        return self.problem("kind", cause, f"The kinds are {', '.join(Kind)}.")

    def problem(self, field: str, cause: str, remedy: str = "") -> Problem:
        """Return what is wrong with a field of it."""
        line, column = self.position_of(field)
        return Problem(
            file=self.file, line=line, column=column, document=self.label, field=field, cause=cause, remedy=remedy
        )


class Problem(BaseModel):
    """What is wrong with a document, and where that stands."""

    model_config = ConfigDict(frozen=True)

    failure_class: FailureClass = FailureClass.USER
    file: str
    line: int
    column: int
    document: str = ""
    """Kind and name, as far as they are known."""
    field: str = ""
    cause: str
    remedy: str = ""

    @property
    def place(self) -> str:
        """File, line and column, as compilers write them."""
        return f"{self.file}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return f"{self.place}: {self.cause} {self.remedy}".strip()


class ExportedFile(BaseModel):
    """A file that would make what is wanted."""

    path: str
    """From the folder that all are written into, with slashes."""
    text: str


class InvalidDocuments(InvalidInput):
    """Documents that cannot be applied; nothing was written."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        more = f" There are {len(problems) - 1} more problems." if len(problems) > 1 else ""
        super().__init__(first.field or "documents", f"{first.place}: {first.cause}{more}", first.remedy)
        self.problems = problems
