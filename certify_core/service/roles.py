"""Which role may do what: one table for every route of the API, as OpenAPI writes its paths.

What is not in the table is the administrator's: a route that somebody forgets, or that a plugin brings, opens nothing.
"""

from __future__ import annotations

from certify_core.domain.access import Role

_READER, _OPERATOR, _ADMINISTRATOR = Role.READER, Role.OPERATOR, Role.ADMINISTRATOR

ROLES: dict[tuple[str, str], Role] = {
    ("GET", "/api/openapi.json"): _READER,
    ("GET", "/api/system/appversion"): _READER,
    ("GET", "/api/plugins"): _READER,
    ("GET", "/api/providers"): _READER,
    ("GET", "/api/authorities"): _READER,
    ("GET", "/api/authorities/{authority_id}/root"): _READER,
    ("GET", "/api/managedcertificates"): _READER,
    ("GET", "/api/managedcertificates/summary"): _READER,
    ("GET", "/api/managedcertificates/{certificate_id}"): _READER,
    ("GET", "/api/managedcertificates/{certificate_id}/log"): _READER,
    ("GET", "/api/managedcertificates/{certificate_id}/plan"): _READER,
    ("POST", "/api/managedcertificates/request-due"): _OPERATOR,
    ("POST", "/api/managedcertificates/{certificate_id}/request"): _OPERATOR,
    ("POST", "/api/managedcertificates/{certificate_id}/revoke"): _OPERATOR,
    ("POST", "/api/managedcertificates/{certificate_id}/deploy"): _OPERATOR,
    ("POST", "/api/managedcertificates/{certificate_id}/verify"): _OPERATOR,
    ("POST", "/api/managedcertificates/{certificate_id}/test"): _OPERATOR,
    # A deployment may run a command with the rights of the service: who says where to deploy can do anything.
    ("POST", "/api/managedcertificates"): _ADMINISTRATOR,
    ("POST", "/api/managedcertificates/test"): _ADMINISTRATOR,
    ("PATCH", "/api/managedcertificates/{certificate_id}"): _ADMINISTRATOR,
    ("DELETE", "/api/managedcertificates/{certificate_id}"): _ADMINISTRATOR,
    ("GET", "/api/operations/{operation_id}"): _READER,
    ("GET", "/api/operations/{operation_id}/events"): _READER,
    ("GET", "/api/accounts"): _READER,
    ("GET", "/api/accounts/{account_id}"): _READER,
    ("POST", "/api/accounts"): _ADMINISTRATOR,
    ("POST", "/api/accounts/import"): _ADMINISTRATOR,
    ("POST", "/api/accounts/{account_id}/rollover"): _ADMINISTRATOR,
    ("POST", "/api/accounts/{account_id}/deactivate"): _ADMINISTRATOR,
    ("GET", "/api/limits"): _READER,
    ("GET", "/api/credentials"): _READER,
    ("GET", "/api/credentials/{credential_id}"): _READER,
    ("POST", "/api/credentials"): _ADMINISTRATOR,
    ("PATCH", "/api/credentials/{credential_id}"): _ADMINISTRATOR,
    ("DELETE", "/api/credentials/{credential_id}"): _ADMINISTRATOR,
    # Who may plan can find out whether a guessed secret is the right one.
    ("POST", "/api/configuration/plan"): _ADMINISTRATOR,
    ("POST", "/api/configuration/apply"): _ADMINISTRATOR,
    ("GET", "/api/configuration/export"): _READER,
    ("GET", "/api/schema"): _READER,
    ("GET", "/api/notifications/channels"): _READER,
    ("GET", "/api/notifications/channels/{channel_id}"): _READER,
    ("POST", "/api/notifications/channels"): _ADMINISTRATOR,
    ("PATCH", "/api/notifications/channels/{channel_id}"): _ADMINISTRATOR,
    ("DELETE", "/api/notifications/channels/{channel_id}"): _ADMINISTRATOR,
    ("POST", "/api/notifications/channels/{channel_id}/test"): _OPERATOR,
    ("GET", "/api/secrets"): _READER,
    ("POST", "/api/secrets/rotate"): _ADMINISTRATOR,
    ("GET", "/api/system/config"): _READER,
    ("PATCH", "/api/system/config"): _ADMINISTRATOR,
    ("GET", "/api/database"): _READER,
    ("GET", "/api/database/backups"): _READER,
    ("POST", "/api/database/check"): _OPERATOR,
    ("POST", "/api/database/backups"): _OPERATOR,
    ("POST", "/api/database/restore"): _ADMINISTRATOR,
    ("POST", "/api/database/recover"): _ADMINISTRATOR,
    ("GET", "/api/database/export"): _ADMINISTRATOR,
    # A file that somebody has made can hold commands, as settings can; and one that is made here holds every secret.
    ("POST", "/api/export/encrypted"): _ADMINISTRATOR,
    ("POST", "/api/import/encrypted"): _ADMINISTRATOR,
    ("POST", "/api/import/csv"): _ADMINISTRATOR,
    ("GET", "/metrics"): _READER,
    ("GET", "/api/health"): _READER,
    ("GET", "/api/health/findings"): _READER,
    ("POST", "/api/health/check"): _OPERATOR,
    ("POST", "/api/health/fix"): _ADMINISTRATOR,
    ("GET", "/api/access"): _READER,
    ("POST", "/api/access/links"): _READER,
    ("POST", "/api/access/signout"): _READER,
    ("GET", "/api/audit"): _ADMINISTRATOR,
    ("GET", "/api/audit/export"): _ADMINISTRATOR,
    ("GET", "/api/audit/verify"): _ADMINISTRATOR,
    ("GET", "/api/tokens"): _ADMINISTRATOR,
    ("POST", "/api/tokens"): _ADMINISTRATOR,
    ("DELETE", "/api/tokens/{token_id}"): _ADMINISTRATOR,
}
OPEN: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET", "/api/system/appversion"),
        ("GET", "/api/health"),
        ("GET", "/signin"),
        ("POST", "/api/access/signin"),
        ("POST", "/api/access/negotiate"),
    }
)
"""What needs no role: these are exactly the paths, and each looks itself at what it is given."""


def needed_role(method: str, path: str) -> Role:
    """Return the role that a request needs; where several templates fit, the highest of theirs."""
    segments = path.split("/")
    fitting = [role for (known, template), role in _TEMPLATES if known == method and fits(template, segments)]
    return max(fitting, key=list(Role).index, default=Role.ADMINISTRATOR)


_TEMPLATES = [((method, template.split("/")), role) for (method, template), role in ROLES.items()]


def fits(template: list[str], segments: list[str]) -> bool:
    """Whether the segments of a path are those of a template, as OpenAPI writes it."""
    return len(segments) == len(template) and all(
        wanted == given or (wanted.startswith("{") and given != "")
        for wanted, given in zip(template, segments, strict=True)
    )
