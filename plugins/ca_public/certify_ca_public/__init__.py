"""Public certificate authorities that speak ACME, as data. Nothing is asked of them before a certificate is."""

from __future__ import annotations

from certify_core.api import AcmeAuthority, Limit, LimitKind, PluginContext, hookimpl

HOUR, DAY = 3600.0, 86_400.0


def _lets_encrypt(orders: int, certificates: int, duplicates: int, failures: int) -> tuple[Limit, ...]:
    """Return limits of Let's Encrypt's kinds: https://letsencrypt.org/docs/rate-limits/, as of 2026-08-05."""
    return (
        Limit(LimitKind.ORDERS, orders, 3 * HOUR, spares_renewals=True, spares_suggested=True),
        Limit(LimitKind.CERTIFICATES, certificates, 7 * DAY, spares_renewals=True, spares_suggested=True),
        Limit(LimitKind.DUPLICATES, duplicates, 7 * DAY, spares_suggested=True),
        Limit(LimitKind.FAILURES, failures, HOUR, spares_suggested=True),
    )


AUTHORITIES = (
    AcmeAuthority(
        "letsencrypt",
        "Let's Encrypt",
        "https://acme-v02.api.letsencrypt.org/directory",
        rehearsal="letsencrypt-staging",
        limits=_lets_encrypt(orders=300, certificates=50, duplicates=5, failures=5),
    ),
    AcmeAuthority(
        "letsencrypt-staging",
        "Let's Encrypt (staging)",
        "https://acme-staging-v02.api.letsencrypt.org/directory",
        staging=True,
        limits=_lets_encrypt(orders=1500, certificates=30_000, duplicates=30_000, failures=200),
    ),
    AcmeAuthority("zerossl", "ZeroSSL", "https://acme.zerossl.com/v2/DV90", needs_eab=True),
    AcmeAuthority("google", "Google Trust Services", "https://dv.acme-v02.api.pki.goog/directory", needs_eab=True),
    AcmeAuthority(
        "google-staging",
        "Google Trust Services (staging)",
        "https://dv.acme-v02.test-api.pki.goog/directory",
        staging=True,
        needs_eab=True,
    ),
    AcmeAuthority("sslcom-rsa", "SSL.com (RSA)", "https://acme.ssl.com/sslcom-dv-rsa", needs_eab=True),
    AcmeAuthority("sslcom-ecc", "SSL.com (ECC)", "https://acme.ssl.com/sslcom-dv-ecc", needs_eab=True),
    AcmeAuthority("actalis", "Actalis", "https://acme-api.actalis.com/acme/directory", needs_eab=True),
)


@hookimpl
def certify_authorities(context: PluginContext) -> list[AcmeAuthority]:
    """Offer the public authorities."""
    return list(AUTHORITIES)
