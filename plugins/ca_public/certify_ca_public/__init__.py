"""Public certificate authorities that speak ACME, as data. Nothing is asked of them before a certificate is."""

from __future__ import annotations

from certify_core.api import AcmeAuthority, PluginContext, hookimpl

AUTHORITIES = (
    AcmeAuthority("letsencrypt", "Let's Encrypt", "https://acme-v02.api.letsencrypt.org/directory"),
    AcmeAuthority(
        "letsencrypt-staging",
        "Let's Encrypt (staging)",
        "https://acme-staging-v02.api.letsencrypt.org/directory",
        staging=True,
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
