"""What Windows' error numbers mean for a service, and what to do: numbers, as texts are translated."""

from __future__ import annotations

DENIED = 5
ALREADY_RUNNING = 1056
MISSING = 1060
NOT_RUNNING = 1062
LOGON_FAILED = 1069
MARKED_FOR_DELETION = 1072
EXISTS = 1073
BAD_ACCOUNT = 1057
TOO_SLOW = 1053

_KNOWN = {
    DENIED: ("Windows does not let you change services.", "Run this in a window opened with 'Run as administrator'."),
    MISSING: ("The service Certify.Service is not installed.", "Install it: certify service install"),
    LOGON_FAILED: ("The service's account cannot log on.", "Check its password and its right to log on as a service."),
    MARKED_FOR_DELETION: ("The service is being removed.", "Close the Services window, or restart Windows."),
    BAD_ACCOUNT: ("There is no such account, or its password is wrong.", "Write it as DOMAIN\\user or .\\user."),
    TOO_SLOW: ("The service did not come up in time.", "See the Windows event log."),
}


def cause_and_remedy(number: int, text: str) -> tuple[str, str]:
    """Return what an error number means; an unknown one with the system's own text."""
    return _KNOWN.get(number, (f"Windows refuses: {text.rstrip('.')} (error {number}).", "See the Windows event log."))
