"""Plans and applies documents on a running engine.

All is checked before anything is written. Then one step follows the other, each durable with the note of which file
made it; a step that fails harms no other. Whoever applies while somebody else does waits for his turn.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from certify_core.configuration.accounts import AccountKeeper
from certify_core.configuration.documents import KEPT, Kind
from certify_core.configuration.expanding import Expanded, Expansion, Key, expand
from certify_core.configuration.keepers import AuthorityKeeper, CertificateKeeper, CredentialKeeper, Keeper, Present
from certify_core.configuration.overlay import planned_settings
from certify_core.configuration.parameters import ParameterModels
from certify_core.configuration.plan import DONE_SOMETHING, Action, Scope, Step, Wish, plan
from certify_core.configuration.sources import InvalidDocuments, Problem, SourceDocument
from certify_core.domain.configured import Configured
from certify_core.engine.engine import Engine
from certify_core.errors import CertifyError, Conflict, InvalidInput, failure_of

DIGEST_KEY_BYTES = 32
_log = logging.getLogger(__name__)


class Wishes(BaseModel):
    """Documents to be planned or applied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1, max_length=1000)
    """The folder or file that they are from: what was applied from it before, and only that, may be deleted."""
    documents: list[SourceDocument]
    prune: StrictBool = False
    """Whether what was applied before and is in no document any more is deleted."""
    force: StrictBool = False
    """Whether changes made by hand are overwritten."""


class Applied(BaseModel):
    """What was planned or done."""

    steps: list[Step]
    problems: list[Problem] = []
    """Of documents that were left out; only where the rest is applied without them."""


@dataclass(slots=True)
class _Prepared:
    """All that is known before anything is done."""

    wanted: dict[Key, Expanded]
    bases: dict[Key, Wish]
    present: dict[Key, Present]
    known: dict[Key, Configured]
    keys: dict[Key, bytes]
    keepers: dict[Kind, Keeper]
    steps: list[Step]
    shared: list[tuple[Key, str]]
    problems: list[Problem]


class Configuration:
    """What the faces ask for."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._turn = threading.Lock()
        self._models = ParameterModels(engine.plugins)

    def plan(self, wishes: Wishes) -> Applied:
        """Say what `apply` would do.

        Raises:
            InvalidDocuments: something is wrong with them.
        """
        with self._turn:
            return Applied(steps=self._prepare(wishes).steps)

    def apply(self, wishes: Wishes, left_out: list[Problem] | None = None) -> Applied:
        """Do what is wanted; what cannot be done is in the step.

        With `left_out`, the problems that were found so far, whatever was applied from files with problems stays as it
        is; the other documents are applied all the same. Nothing is deleted while there is any problem: what is missing
        may be in what could not be read, under whatever name.

        Raises:
            InvalidDocuments: something is wrong with them, and nothing is to be left out, or all depend on it.
        """
        with self._turn:
            prepared = self._prepare(wishes, left_out)
            steps = [self._take(step, prepared, wishes) for step in prepared.steps]
            self._note_rest(prepared, wishes)
            return Applied(steps=steps, problems=prepared.problems)

    # -- before --------------------------------------------------------------------------------------------------

    def _prepare(self, wishes: Wishes, left_out: list[Problem] | None = None) -> _Prepared:
        if not left_out:
            self._see_that_something_is_left(wishes)
        expansion = expand(wishes.documents, self._models)
        problems = [*(left_out or ()), *expansion.problems]
        known = {(Kind(item.kind), item.name): item for item in self._engine.store.configured.all()}
        planned = planned_settings(self._engine, expansion.wanted)
        keepers: dict[Kind, Keeper] = {
            Kind.AUTHORITY: AuthorityKeeper(self._engine),
            Kind.ACCOUNT: AccountKeeper(self._engine, planned),
            Kind.CREDENTIAL: CredentialKeeper(self._engine),
            Kind.CERTIFICATE: CertificateKeeper(self._engine, planned),
        }
        prepared = _Prepared({}, {}, {}, known, {}, keepers, [], expansion.shared, problems)
        for document in expansion.wanted:
            self._look(document, prepared)
        if problems and left_out is None:
            raise InvalidDocuments(sorted(problems, key=lambda problem: (problem.file, problem.line)))
        for key, item in known.items():
            if key not in prepared.present and key[0] in KEPT and item.source == wishes.source:
                self._find(key, prepared)
        _see_defaults(expansion, known, wishes.source, problems)
        spared = {problem.file for problem in problems}
        scope = Scope(wishes.source, prune=wishes.prune and not problems, force=wishes.force, spared=spared)
        fields = {key: present.fields for key, present in prepared.present.items()}
        prepared.steps = plan(list(prepared.bases.values()), fields, known, scope)
        return prepared

    def _see_that_something_is_left(self, wishes: Wishes) -> None:
        if wishes.documents or wishes.force or not wishes.prune:
            return
        if any(item.source == wishes.source for item in self._engine.store.configured.all()):
            raise InvalidInput(
                "documents",
                f"There is no document in {wishes.source}, and all that was applied from it would be deleted.",
                "See whether it is the right folder; `certify apply --prune --force` deletes it all.",
            )

    def _look(self, document: Expanded, prepared: _Prepared) -> None:
        """Check one document, and find what there is of it."""
        try:
            present = self._find(document.key, prepared) or self._find(document.key, prepared, by_name=True)
            fields = prepared.keepers[document.kind].wanted(document, prepared.keys[document.key], present)
        except InvalidInput as error:
            prepared.problems.append(document.problem(error.field, error.cause, error.remedy))
        else:
            prepared.wanted[document.key] = document
            place = document.source.position_of("")
            prepared.bases[document.key] = Wish(document.key, fields, document.source.file, place)

    def _find(self, key: Key, prepared: _Prepared, *, by_name: bool = False) -> Present | None:
        """Return what was made for a document; or one of its name, which is never deleted for that."""
        kind, name = key
        known = prepared.known.get(key)
        prepared.keys[key] = known.digest_key if known else os.urandom(DIGEST_KEY_BYTES)
        present = prepared.keepers[kind].present(
            name, known.object_id if known and not by_name else None, prepared.keys[key]
        )
        if present is not None:
            prepared.present[key] = present
        return present

    # -- doing it ------------------------------------------------------------------------------------------------

    def _take(self, step: Step, prepared: _Prepared, wishes: Wishes) -> Step:
        try:
            self._do(step, prepared, wishes)
        except Conflict as error:
            _log.warning("%s %s is not applied: %s", step.kind, step.name, error)
            return step.model_copy(update={"action": Action.CONFLICT, "reason": str(error)})
        except Exception as error:
            _log.warning("%s %s is not applied: %s", step.kind, step.name, error, exc_info=_unforeseen(error))
            return step.model_copy(update={"failure": failure_of(error)})
        if step.action in DONE_SOMETHING:
            _log.info("%s: %s %s (from %s)", step.action, step.kind, step.name, wishes.source)
        return step

    def _do(self, step: Step, prepared: _Prepared, wishes: Wishes) -> None:
        configured, keeper = self._engine.store.configured, prepared.keepers[step.kind]
        present, known = prepared.present.get(step.key), prepared.known.get(step.key)
        if step.action in {Action.DELETE, Action.RELEASE}:
            assert known is not None  # noqa: S101 - only what is known is deleted
            if step.action is Action.DELETE and present is not None:
                keeper.delete(present, configured.forgetting(known))
            else:
                configured.write([configured.forgetting(known)])
            return
        if step.action in {Action.CONFLICT, Action.LEFT}:
            return
        document, base = prepared.wanted[step.key], prepared.bases[step.key]
        object_id = present.object_id if present else _new_id(step)
        source, file = wishes.source, base.file
        if known is not None and _is_within(wishes.source, known.source):
            source, file = known.source, known.file
        key = prepared.keys[step.key]
        new = Configured(step.kind, step.name, object_id, source, file, base.fields, key, self._clock())
        note = configured.noting(new)
        if step.action is Action.CREATE:
            keeper.create(document, object_id, note)
        elif step.action is Action.CHANGE and present is not None and step.changes:
            keeper.change(document, present, note)
        elif known is None or _says_other(known, new):
            configured.write([note])

    def _note_rest(self, prepared: _Prepared, wishes: Wishes) -> None:
        """Note documents of which nothing else is kept, so that it is known which file had them."""
        configured, now = self._engine.store.configured, self._clock()
        notes = {key: Configured(*key, "", wishes.source, file, {}, b"", now) for key, file in prepared.shared}
        gone = [
            item
            for key, item in prepared.known.items()
            if not prepared.problems and key[0] not in KEPT and key not in notes and item.source == wishes.source
        ]
        new = [
            note for key, note in notes.items() if key not in prepared.known or _says_other(prepared.known[key], note)
        ]
        if new or gone:
            configured.write([*map(configured.noting, new), *map(configured.forgetting, gone)])


def _see_defaults(expansion: Expansion, known: dict[Key, Configured], source: str, problems: list[Problem]) -> None:
    """See that no certificate is taken for one without defaults, because they are in a file that is broken.

    Which file has them now is not known: it may have another name than the last time.

    Raises:
        InvalidDocuments: nothing can be applied without them.
    """
    if any(key[0] is Kind.DEFAULTS for key, _ in expansion.shared):
        return
    lost = any(key[0] is Kind.DEFAULTS and item.source == source for key, item in known.items())
    if (lost and problems) or any(item.document.startswith(Kind.DEFAULTS) for item in problems):
        raise InvalidDocuments(problems)


def _new_id(step: Step) -> str:
    return uuid.uuid4().hex if step.kind is Kind.CERTIFICATE else step.name


def _is_within(source: str, known: str) -> bool:
    return source.startswith((f"{known}/", f"{known}\\"))


def _says_other(known: Configured, new: Configured) -> bool:
    """Whether there is something new to be noted."""
    return (known.source, known.file, known.object_id, known.base) != (new.source, new.file, new.object_id, new.base)


def _unforeseen(error: Exception) -> bool:
    return not isinstance(error, CertifyError)
