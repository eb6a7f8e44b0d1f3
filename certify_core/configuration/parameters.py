"""Plugins' parameters in documents: which model each is of, and secrets put in their places."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pydantic import BaseModel

from certify_core.configuration.documents import Kind
from certify_core.configuration.references import HOW, FromCredential, parse_reference, references_in
from certify_core.configuration.secrecy import Fault, misplaced
from certify_core.configuration.sources import SourceDocument
from certify_core.plugins import Plugins

Holder = dict[str, Any]
"""A part of a document that chooses a plugin: with `parameters` and perhaps `credential`."""


class ParameterModels:
    """The models of everything that has parameters."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def challenge(self, name: object) -> type[BaseModel] | None:
        """Return that of a challenge provider; None if there is no such provider, which is told elsewhere."""
        found = self._plugins.challenge_providers.find(str(name))
        return found.parameters if found else None

    def target(self, name: object) -> type[BaseModel] | None:
        """Return that of a deployment target."""
        found = self._plugins.deployment_targets.find(str(name))
        return found.parameters if found else None

    def any(self, name: object) -> type[BaseModel] | None:
        """Return that of whatever a credential can be for."""
        notifier = self._plugins.notifiers.find(str(name))
        return self.challenge(name) or self.target(name) or (notifier.parameters if notifier else None)


def prepared(document: SourceDocument, models: ParameterModels) -> tuple[dict[str, Any], list[Fault]]:
    """Return the content of a valid document with secrets in their places, and what is wrong with those."""
    content: dict[str, Any] = deepcopy(document.content)
    faults: list[Fault] = []
    kind = content["kind"]
    if kind == Kind.CREDENTIAL:
        _prepare(content, "", models.any(content["provider"]), document, faults)
        if content.pop("credential", None) is not None:
            faults.append(("parameters", "A credential cannot refer to another one.", HOW))
    elif kind == Kind.DEPLOYMENT:
        _prepare(content, "", models.target(content["target"]), document, faults)
    elif kind == Kind.ACCOUNT and content.get("eab"):
        _prepare_binding(content["eab"], document, faults)
    elif challenge := content.get("challenge"):
        _prepare(challenge, "challenge", models.challenge(challenge.get("provider", "http")), document, faults)
    if kind == Kind.CERTIFICATE:
        for index, place in enumerate(content.get("deployments") or ()):
            model = models.target(place["target"]) if place.get("target") else None
            _prepare(place, f"deployments.{index}", model, document, faults)
    return content, faults


def _prepare(
    holder: Holder, path: str, model: type[BaseModel] | None, document: SourceDocument, faults: list[Fault]
) -> None:
    parameters: dict[str, Any] = holder.get("parameters") or {}
    where = f"{path}.parameters".lstrip(".")
    if model is not None:
        found = list(misplaced(model, parameters, where))
        faults += found
        if found:
            return
    for reference_path, value in list(references_in(parameters, where, holds=True)):
        try:
            reference = parse_reference(value)
        except ValueError as error:
            faults.append((reference_path, f"{reference_path}: {error}.", HOW))
            continue
        within = reference_path.removeprefix(f"{where}.").split(".")
        if isinstance(reference, FromCredential):
            _refer(holder, reference.name, within, reference_path, faults)
        elif reference_path in document.secrets:
            _put(parameters, within, document.secrets[reference_path].get_secret_value())
        else:
            faults.append((reference_path, f"The secret for {reference_path} was not looked up.", "Apply it again."))


def _refer(holder: Holder, credential: str, within: list[str], path: str, faults: list[Fault]) -> None:
    """Leave a parameter to the stored credential of its holder."""
    known = holder.get("credential")
    if known not in (None, credential):
        faults.append(
            (path, f"There is another credential here already: {known}.", "Put all parameters into one of them.")
        )
    elif len(within) > 1:
        faults.append((path, "A credential has whole parameters, not parts of them.", "Refer to the whole."))
    else:
        holder["credential"] = credential
        del holder["parameters"][within[0]]


def _put(parameters: Any, within: list[str], secret: str) -> None:
    for part in within[:-1]:
        parameters = parameters[int(part) if isinstance(parameters, list) else part]
    parameters[int(within[-1]) if isinstance(parameters, list) else within[-1]] = secret


def _prepare_binding(eab: dict[str, Any], document: SourceDocument, faults: list[Fault]) -> None:
    path = "eab.hmac_key"
    found = document.secrets.get(path)
    if isinstance(eab["hmac_key"], dict) and found is not None:
        eab["hmac_key"] = found.get_secret_value()
    else:
        what = "is a secret, and secrets are not written in files"
        faults.append(
            (
                path,
                f"{path} {what}.",
                "Say {from: environment, name: …}, {from: file, path: …} or {from: command, command: […]}.",
            )
        )
