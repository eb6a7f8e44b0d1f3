"""Mail, webhooks and some hundred chat and pager services, by one address each: https://appriseit.com/services/."""

from __future__ import annotations

from certify_core.api import Notifier, hookimpl
from certify_notify_apprise.notifier import AppriseNotifier


@hookimpl
def certify_notifiers() -> list[Notifier]:
    """Offer it."""
    return [AppriseNotifier()]
