"""The page that a sign-in link opens: it hands the link's code over and says who is signed in.

The code is in the link's fragment, which browsers keep to themselves: no log and no other site sees it. Opening the
page changes nothing, so a program that looks at links before people do uses none up.
"""

from __future__ import annotations

import base64
import hashlib

from starlette.responses import HTMLResponse

_SCRIPT = """
const say = text => { document.querySelector("p").textContent = text; };
const code = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
fetch("/api/access/signin", {
  method: "POST",
  headers: {"Content-Type": "application/json"},
  body: JSON.stringify({code}),
}).then(async answer => {
  const told = await answer.json();
  say(answer.ok
    ? `You are signed in as ${told.name} (${told.role}) until ${told.expires_at}.`
    : `${told.detail} ${told.remedy}`);
}).catch(() => say("The service does not answer."));
"""
_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Certify</title>
<h1>Certify</h1>
<p>Signing in&hellip;</p>
<noscript>This page needs JavaScript.</noscript>
<script>{_SCRIPT}</script>
</html>
"""
_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'sha256-{_HASH}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


def signin_page() -> HTMLResponse:
    """Return the page, which runs this one script and no other."""
    return HTMLResponse(_PAGE, headers=_HEADERS)
