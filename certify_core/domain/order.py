"""An order on its way from wanted to issued: its states and all that a restart needs to continue it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from certify_core.domain.ari import Origin
from certify_core.domain.failure import Failure
from certify_core.domain.identifiers import Identifier
from certify_core.domain.settings import ChallengeSettings, OrderWishes


class OrderState(StrEnum):
    """How far an order has come; each state is committed before the network call that follows it."""

    PREPARED = "prepared"
    """Key and signing request are saved; the authority knows nothing yet."""
    PLACED = "placed"
    """The authority has given the order an address."""
    CHALLENGED = "challenged"
    """The challenges to answer are known: this is the journal of what will be presented."""
    PRESENTED = "presented"
    """Every answer is visible, as we have seen ourselves."""
    VALIDATING = "validating"
    """The authority was told to look."""
    VALIDATED = "validated"
    """The authority believes every name."""
    FINALIZED = "finalized"
    """The signing request was sent."""
    REHEARSED = "rehearsed"
    """An authority for tests believes every name. The end; the order that counts follows."""
    SAVED = "saved"
    """Certificate and key are in the assets. The end."""
    FAILED = "failed"
    """It will not be continued. The end."""

    @property
    def is_open(self) -> bool:
        """Whether there is a next step."""
        return self not in {OrderState.REHEARSED, OrderState.SAVED, OrderState.FAILED}


class Part(StrEnum):
    """What an order's certificate is of a managed certificate's."""

    WHOLE = "whole"
    FIRST = "first"
    """Of a pair with keys of two kinds; it is of no use without the other."""
    SECOND = "second"


class OrderedChallenge(BaseModel):
    """One challenge of an order: what is presented, by whom, and where the authority is told of it."""

    model_config = ConfigDict(frozen=True)

    identifier: str
    type: str
    token: str
    key_authorization: str
    offer_url: str


@dataclass(frozen=True, slots=True)
class Order:
    """One request for a certificate, made once and continued after every interruption."""

    id: str
    certificate_id: str
    authority: str
    """The authority's id, or the address of its ACME directory."""
    ca_bundle: str | None
    identifiers: tuple[Identifier, ...]
    request_digest: str
    """Of the settings that it was made for."""
    challenge: ChallengeSettings
    wishes: OrderWishes
    private_key_pem: str = field(repr=False)
    """Empty where the user keeps the key and gave a signing request."""
    csr_der: bytes = field(repr=False)
    created_at: float
    """Seconds since the epoch."""
    predecessor: Origin | None = None
    """Where the certificate comes from that this one will replace."""
    left_out: tuple[str, ...] = ()
    """Names that are wanted and done without this time."""
    rehearsal: bool = False
    """Whether names are only validated, at an authority for tests."""
    part: Part = Part.WHOLE
    state: OrderState = OrderState.PREPARED
    url: str | None = None
    finalize_url: str | None = None
    certificate_url: str | None = None
    authorizations: tuple[str, ...] = ()
    """Addresses of the authorizations that the authority asks for."""
    challenges: tuple[OrderedChallenge, ...] = ()
    step_failures: int = 0
    """How often the step that comes next has failed in a row."""
    failure: Failure | None = None
    polls: int = 0
    """How often the authority was asked in this state; forgotten by a restart."""
