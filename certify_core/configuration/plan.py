"""The plan: what there is, what is wanted, and what was wanted last time, compared field by field. Pure.

    wanted = present                      nothing to do
    present = as it was applied last      somebody changed the file: change it
    else                                  somebody changed the thing by hand: a conflict, unless it is forced

A secret is compared by its digest, and shown as nothing but a secret.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, JsonValue

from certify_core.configuration.documents import KEPT, Kind
from certify_core.configuration.expanding import Key
from certify_core.domain.configured import Configured
from certify_core.domain.failure import Failure
from certify_core.engine.parameters import is_digest

Fields = Mapping[str, JsonValue]
"""Everything about a thing by the paths of its fields; absent and null are the same."""
SECRET = "(secret)"  # noqa: S105 - what is shown of one


class Action(StrEnum):
    """What is done with a thing."""

    CREATE = "create"
    CHANGE = "change"
    ADOPT = "adopt"
    """It was made otherwise and is as it is wanted: from now on the folder has it."""
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    """It was made or changed otherwise, and is not as it is wanted: it stays as it is."""
    DELETE = "delete"
    RELEASE = "release"
    """The folder has it no more, and it is gone already, or stays at its authority."""
    LEFT = "left"
    """The folder has it no more, and it stays, since nothing is to be deleted."""


DONE_SOMETHING = {Action.CREATE, Action.CHANGE, Action.ADOPT, Action.DELETE, Action.RELEASE}


class FieldChange(BaseModel):
    """One field before and after."""

    field: str
    before: JsonValue
    after: JsonValue
    by_hand: bool = False
    """Whether it is not as it was applied last."""


class Step(BaseModel):
    """What is done with one thing."""

    action: Action
    kind: Kind
    name: str
    changes: list[FieldChange] = []
    reason: str = ""
    """Why it is a conflict, or stays."""
    file: str = ""
    line: int = 0
    column: int = 0
    failure: Failure | None = None
    """Why it could not be done, after it was tried."""

    @property
    def key(self) -> Key:
        """What the thing is known by."""
        return self.kind, self.name


@dataclass(frozen=True, slots=True)
class Wish:
    """A thing as it is wanted."""

    key: Key
    fields: Fields
    file: str = ""
    position: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is applied, and how far that may go."""

    source: str
    """The folder or file."""
    prune: bool = False
    force: bool = False
    spared: Collection[str] = ()
    """Files that could not be understood: what they had said stays, and is not told of."""


def plan(
    wishes: Sequence[Wish], present: Mapping[Key, Fields], known: Mapping[Key, Configured], scope: Scope
) -> list[Step]:
    """Return all steps, in the order in which they are taken."""
    steps = [_wanted(wish, present.get(wish.key), known.get(wish.key), scope) for wish in wishes]
    wanted = {wish.key for wish in wishes}
    gone = [
        item
        for key, item in known.items()
        if key not in wanted and key[0] in KEPT and item.source == scope.source and item.file not in scope.spared
    ]
    gone.sort(key=lambda item: (-KEPT.index(Kind(item.kind)), item.name))
    return steps + [_unwanted(item, present.get((Kind(item.kind), item.name)), scope) for item in gone]


def same_source(one: str, other: str) -> bool:
    """Whether two sources are the same folder, or one of them is in the other."""
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith((f"{shorter}/", f"{shorter}\\"))


def _wanted(wish: Wish, present: Fields | None, known: Configured | None, scope: Scope) -> Step:
    kind, name = wish.key
    line, column = wish.position
    step = Step(action=Action.UNCHANGED, kind=kind, name=name, file=wish.file, line=line, column=column)
    if present is None:
        by_hand = known is not None
        action = Action.CONFLICT if by_hand and not scope.force else Action.CREATE
        reason = "It was applied before, and deleted since." if by_hand else ""
        return step.model_copy(update={"action": action, "reason": reason, "changes": changes({}, wish.fields)})
    differences = changes(present, wish.fields, known.base if known else None)
    step = step.model_copy(update={"changes": differences})
    if known is not None and not same_source(known.source, scope.source):
        reason = f"It is applied from {known.source}."
        action = Action.CONFLICT if not scope.force else Action.CHANGE if differences else Action.ADOPT
        return step.model_copy(update={"action": action, "reason": reason})
    if not differences:
        return step.model_copy(update={"action": Action.UNCHANGED if known else Action.ADOPT})
    if known is None:
        reason = "There is one already, and no file has made it."
    else:
        by_hand_fields = [change.field for change in differences if change.by_hand]
        reason = f"Changed by hand: {', '.join(by_hand_fields)}." if by_hand_fields else ""
    action = Action.CONFLICT if reason and not scope.force else Action.CHANGE
    return step.model_copy(update={"action": action, "reason": reason})


def _unwanted(known: Configured, present: Fields | None, scope: Scope) -> Step:
    kind = Kind(known.kind)
    step = Step(action=Action.DELETE, kind=kind, name=known.name, file=known.file)
    if not scope.prune:
        return step.model_copy(update={"action": Action.LEFT, "reason": "The files have it no more."})
    if present is None:
        return step.model_copy(update={"action": Action.RELEASE, "reason": "It is gone already."})
    if kind is Kind.ACCOUNT:
        reason = "The account stays; close it with `certify account deactivate`."
        return step.model_copy(update={"action": Action.RELEASE, "reason": reason})
    by_hand = [change.field for change in changes(present, known.base) if _is_known(known.base, change.field)]
    if by_hand and not scope.force:
        reason = f"It is to be deleted, and was changed by hand: {', '.join(by_hand)}."
        return step.model_copy(update={"action": Action.CONFLICT, "reason": reason})
    return step


def changes(before: Fields, after: Fields, base: Fields | None = None) -> list[FieldChange]:
    """Return every field that differs; `base` is how all was applied last."""
    return [
        FieldChange(
            field=field,
            before=_shown(before.get(field)),
            after=_shown(after.get(field)),
            by_hand=base is not None and _is_known(base, field) and base.get(field) != before.get(field),
        )
        for field in sorted(before.keys() | after.keys())
        if before.get(field) != after.get(field)
    ]


def _is_known(base: Fields, field: str) -> bool:
    """Whether a field was there last time; a newer version of Certify may have brought it since.

    A part of something with parts of any name, such as a plugin's parameter, was there if nothing is said of it.
    """
    return field in base or "parameters." in field or field.startswith("deployments.")


def _shown(value: JsonValue) -> JsonValue:
    return SECRET if is_digest(value) else value
