"""`/api/access`: who I am to the service, and how a browser gets in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from certify_core.domain.access import Principal, token_digest
from certify_core.service.access import Access, address_of, bearer_of, cookie_name, cookies, headers_of, principal_of
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.refusals import refusal, too_many_tries
from certify_core.service.routes.views import iso
from certify_core.service.sessions import BROWSER_SECONDS, LINK_SECONDS
from certify_core.service.signin_page import signin_page


class Code(BaseModel):
    """What a sign-in link holds."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=200)


def router(access: Access) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["access"], route_class=StrictJsonRoute)

    @routes.get("/api/access")
    def whoami(request: Request) -> dict[str, Any]:
        """Show who asks, and what he may do."""
        return _document(principal_of(request.scope))

    @routes.post("/api/access/links", status_code=201)
    def make_link(request: Request) -> dict[str, Any]:
        """Make a link that signs a browser in as who asks: once, and soon."""
        code = access.sessions.make_link(principal_of(request.scope))
        return {"url": f"{request.url.scheme}://{request.headers['host']}/signin#{code}", "expires_in": LINK_SECONDS}

    @routes.get("/signin", include_in_schema=False)
    def page() -> HTMLResponse:
        """Show the page that a sign-in link opens."""
        return signin_page()

    @routes.post("/api/access/signin")
    def sign_in(code: Code, request: Request) -> Response:
        """Use up a link's code: the answer sets the browser's session cookie."""
        principal = access.sessions.follow_link(code.code)
        if principal is None:
            return _wrong_code(request)
        token, session = access.sessions.begin(principal, BROWSER_SECONDS)
        request.scope["state"]["principal"] = principal  # for the audit trail
        answer = JSONResponse(_document(session))
        secure, seconds = request.url.scheme == "https", int(BROWSER_SECONDS)
        answer.set_cookie(_cookie(request), token, seconds, secure=secure, httponly=True, samesite="strict")
        return answer

    @routes.post("/api/access/signout", status_code=204)
    def sign_out(request: Request) -> Response:
        """End the session of the browser, or of the token that a sign-in has given; one of `/api/tokens` stays."""
        headers = headers_of(request.scope)
        for token in (bearer_of(headers), cookies(headers).get(_cookie(request))):
            if token:
                access.sessions.end(token_digest(token))
        answer = Response(status_code=204)
        answer.delete_cookie(_cookie(request), httponly=True, samesite="strict")
        return answer

    def _wrong_code(request: Request) -> Response:
        source = address_of(request.scope)
        if wait := access.failures.wait(source):
            return too_many_tries(wait)
        access.failures.failed(source)
        return refusal(401, "The link has expired or was used already.", "Make another one: `certify open`.")

    return routes


def _cookie(request: Request) -> str:
    return cookie_name(headers_of(request.scope))


def _document(principal: Principal) -> dict[str, Any]:
    return {
        "name": principal.name,
        "role": principal.role,
        "how": principal.how,
        "expires_at": iso(principal.expires_at),
    }
