"""Makes documents into what the service is asked for: defaults and shared deployments put in, secrets in their places.

Pure: nothing is looked up but the parameter models of plugins. Whatever is wrong is collected, and told where it stands
in the file that says it, be that another document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from certify_core.configuration.documents import MODELS, AccountDocument, DefaultsDocument, Kind, name_in
from certify_core.configuration.faults import faults_of
from certify_core.configuration.parameters import ParameterModels, prepared
from certify_core.configuration.secrecy import Fault, misplaced
from certify_core.configuration.sources import Problem, SourceDocument
from certify_core.domain.authority import AuthoritySettings
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.settings import CertificateSettings
from certify_core.errors import InvalidInput

Content = dict[str, Any]
Key = tuple[Kind, str]
T = TypeVar("T", bound=BaseModel)

_MERGED = ("order", "renewal", "on_failure")
"""Fields whose parts are taken from the defaults one by one."""
_OF_THE_KEY = ("key_type", "second_key_type", "reuse_key")
"""What a signing request says itself."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """One thing that is wanted."""

    kind: Kind
    name: str
    source: SourceDocument
    settings: BaseModel
    """`CertificateSettings`, `CredentialSettings`, `AuthoritySettings` or `AccountDocument`, secrets readable."""
    origins: Mapping[str, tuple[SourceDocument, str]] = field(default_factory=dict)
    """Where fields stand that are in other documents: by their path, the document and the path there."""

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.kind, self.name

    def settings_as(self, model: type[T]) -> T:
        """Return the settings, which are of this model."""
        assert isinstance(self.settings, model)  # noqa: S101 - the kind says so
        return self.settings

    def problem(self, path: str, cause: str, remedy: str = "") -> Problem:
        """Return what is wrong with one of its fields, told where that stands."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            if origin := self.origins.get(".".join(parts[:length])):
                document, there = origin
                return document.problem(".".join((there, *parts[length:])).strip("."), cause, remedy)
        return self.source.problem(path, cause, remedy)


@dataclass(slots=True)
class Expansion:
    """All that is wanted, and what is wrong."""

    wanted: list[Expanded] = field(default_factory=list)
    shared: list[tuple[Key, str]] = field(default_factory=list)
    """Documents of which nothing is kept: key and file."""
    problems: list[Problem] = field(default_factory=list)


def expand(documents: Sequence[SourceDocument], models: ParameterModels) -> Expansion:
    """Return what documents want, in the order in which it is applied."""
    found = Expansion()
    by_kind: dict[Kind, dict[str, tuple[SourceDocument, Content]]] = {kind: {} for kind in Kind}
    for document in documents:
        if document.content.get("kind") not in list(Kind):
            found.problems.append(document.without_kind())
            continue
        content = _valid(document, models, found.problems)
        kind = Kind(str(document.content["kind"]))
        if content is None or _is_double(document, kind, by_kind[kind], found.problems):
            continue
        by_kind[kind][name_in(document.content)] = (document, content)
    defaults = next(iter(by_kind[Kind.DEFAULTS].values()), None)
    for kind in (Kind.DEFAULTS, Kind.DEPLOYMENT):
        found.shared += [((kind, name), document.file) for name, (document, _) in by_kind[kind].items()]
    makers: dict[Kind, Callable[[SourceDocument, Content], Expanded | None]] = {
        Kind.AUTHORITY: _authority,
        Kind.ACCOUNT: _account,
        Kind.CREDENTIAL: _credential,
        Kind.CERTIFICATE: lambda document, content: _certificate(
            document, content, defaults, by_kind[Kind.DEPLOYMENT], models, found.problems
        ),
    }
    for kind, make in makers.items():
        made = (make(document, content) for document, content in by_kind[kind].values())
        found.wanted += [item for item in made if item is not None]
    return found


def _valid(document: SourceDocument, models: ParameterModels, problems: list[Problem]) -> Content | None:
    """Return the content with secrets in their places, or None after telling what is wrong with it."""
    model = MODELS[Kind(str(document.content["kind"]))]
    try:
        model.model_validate(document.content)
    except ValidationError as error:
        problems += [document.problem(*fault) for fault in faults_of(error, model)]
        return None
    except InvalidInput as error:
        problems.append(document.problem(error.field, error.cause, error.remedy))
        return None
    content, faults = prepared(document, models)
    problems += [document.problem(*fault) for fault in faults]
    return None if faults else content


def _is_double(document: SourceDocument, kind: Kind, known: Mapping[str, Any], problems: list[Problem]) -> bool:
    name = name_in(document.content)
    if name not in known:
        return False
    first: SourceDocument = known[name][0]
    line, column = first.position_of("")
    problems.append(
        document.problem(
            "name",
            f"There is already a {kind} {name}, at {first.file}:{line}:{column}.",
            "There can be one Defaults." if kind is Kind.DEFAULTS else "Give one of the two another name.",
        )
    )
    return True


def _authority(document: SourceDocument, content: Content) -> Expanded:
    settings = AuthoritySettings.model_validate(_without(content, "kind", "name"))
    return Expanded(Kind.AUTHORITY, content["name"], document, settings)


def _account(document: SourceDocument, content: Content) -> Expanded:
    settings = AccountDocument.model_validate(content)
    return Expanded(Kind.ACCOUNT, settings.name, document, settings)


def _credential(document: SourceDocument, content: Content) -> Expanded:
    settings = CredentialSettings.model_validate(_without(content, "kind", "name"))
    return Expanded(Kind.CREDENTIAL, content["name"], document, settings)


def _certificate(
    document: SourceDocument,
    content: Content,
    defaults: tuple[SourceDocument, Content] | None,
    shared: Mapping[str, tuple[SourceDocument, Content]],
    models: ParameterModels,
    problems: list[Problem],
) -> Expanded | None:
    origins: dict[str, tuple[SourceDocument, str]] = {}
    wanted = _without(content, "kind")
    if defaults is not None:
        wanted = _with_defaults(wanted, *defaults, origins)
    made = Expanded(Kind.CERTIFICATE, content["name"], document, CertificateSettings.model_construct(), origins)
    places = []
    for index, place in enumerate(wanted.get("deployments", ())):
        if (name := place.get("use")) is None:
            places.append(place)
        elif name in shared:
            faults = _faults_of_use(document, index, place, shared[name][1], models)
            problems += [document.problem(*fault) for fault in faults]
            if faults:
                return None
            places.append(_used(index, place, *shared[name], origins))
        else:
            known = ", ".join(sorted(shared)) or "none"
            remedy = f"Known: {known}. Apply it together with the documents that use it."
            problems.append(document.problem(f"deployments.{index}.use", f"There is no Deployment {name}.", remedy))
            return None
    try:
        settings = CertificateSettings.model_validate({**wanted, "deployments": places})
    except ValidationError as error:
        problems += [made.problem(*fault) for fault in faults_of(error, CertificateSettings)]
        return None
    return replace(made, settings=settings)


def _used(
    index: int, place: Content, owner: SourceDocument, common: Content, origins: dict[str, tuple[SourceDocument, str]]
) -> Content:
    """Return a shared deployment with the parameters that one certificate puts over it."""
    own, given = place.get("parameters") or {}, common.get("parameters") or {}
    origins |= {f"deployments.{index}.{part}": (owner, part) for part in ("target", "credential") if part not in place}
    for parameter in given.keys() - own.keys():
        origins[f"deployments.{index}.parameters.{parameter}"] = (owner, f"parameters.{parameter}")
    credential = place.get("credential") or common.get("credential")
    return {"target": common["target"], "parameters": given | own, "credential": credential}


def _faults_of_use(
    document: SourceDocument, index: int, place: Content, common: Content, models: ParameterModels
) -> list[Fault]:
    path = f"deployments.{index}"
    written: Any = document.content["deployments"]
    model = models.target(common["target"])
    faults = list(misplaced(model, written[index].get("parameters") or {}, f"{path}.parameters")) if model else []
    if place.get("credential") not in (None, common.get("credential")) and common.get("credential"):
        cause = f"The Deployment {place['use']} has another credential already: {common['credential']}."
        faults.append((f"{path}.parameters", cause, "Put all parameters into one of them."))
    return faults


def _with_defaults(
    content: Content, document: SourceDocument, defaults: Content, origins: dict[str, tuple[SourceDocument, str]]
) -> Content:
    wanted = deepcopy(content)
    for name in DefaultsDocument.model_fields.keys() & defaults.keys() - {"kind", "name"}:
        value = defaults[name]
        if value is None or (name in _OF_THE_KEY and content.get("csr")):
            continue
        if name == "ca_bundle" and "authority" in content:
            continue  # it is that of the authority in the defaults
        if name not in content:
            wanted[name] = value
            origins[name] = (document, name)
        elif name in _MERGED and isinstance(content[name], dict):
            wanted[name] = {**value, **content[name]}
            origins |= {f"{name}.{part}": (document, f"{name}.{part}") for part in value.keys() - content[name].keys()}
    return wanted


def _without(content: Content, *names: str) -> Content:
    return {name: value for name, value in content.items() if name not in names}
