"""The ACME floor: what Certify asks of authorities, in types of its own; nothing above sees the `acme` library.

Importing this is cheap: urllib3 is imported with the first client, the `acme` library with the first registration.
"""

from certify_core.acme.answer import ConnectionBroken
from certify_core.acme.ari import certificate_id
from certify_core.acme.client import AcmeClient
from certify_core.acme.eab import ExternalAccountBinding
from certify_core.acme.key_files import read_account_key
from certify_core.acme.keys import AccountKey
from certify_core.acme.problems import Problem
from certify_core.acme.refusals import ProblemError, challenge_refusal
from certify_core.acme.resources import Authorization, Offer, OrderStatus, Registration

__all__ = [
    "AccountKey",
    "AcmeClient",
    "Authorization",
    "ConnectionBroken",
    "ExternalAccountBinding",
    "Offer",
    "OrderStatus",
    "Problem",
    "ProblemError",
    "Registration",
    "certificate_id",
    "challenge_refusal",
    "read_account_key",
]
