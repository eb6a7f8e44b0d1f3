"""`/api/access/negotiate`: sign in with the account that one has, and get a token for an hour."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from certify_core.domain.access import Principal
from certify_core.errors import AccessRefused
from certify_core.service.access import Access, source_of
from certify_core.service.handshakes import Connection, Handshakes, challenge, parse_message
from certify_core.service.refusals import refusal, too_many_tries
from certify_core.service.routes.views import iso
from certify_core.service.sessions import TOKEN_SECONDS
from certify_core.sign_ins import SignedIn

_log = logging.getLogger(__name__)


def router(access: Access, handshakes: Handshakes) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["access"])

    @routes.post("/api/access/negotiate", responses={401: {"description": "The sign-in goes on, or has failed"}})
    async def negotiate(request: Request) -> Response:
        """Sign in by Kerberos or NTLM (RFC 4559), in as many messages as that takes; the last answer holds a token."""
        header = request.headers.get("authorization")
        if header is None:
            return ask("Sign in with an account of this machine or its domain.")
        connection = (request.client.host, request.client.port) if request.client else ("", 0)
        try:
            return await run_in_threadpool(answer, request, header, connection)
        except AccessRefused as error:
            _log.warning("A sign-in from %s failed: %s", connection[0], error.cause)
            return ask(error.cause)

    def answer(request: Request, header: str, connection: Connection) -> Response:
        scheme, message = parse_message(header)
        handshake = handshakes.take(connection, scheme)
        if handshake is None:
            return ask(f"The scheme {scheme} is not understood here.")
        claimed = handshake.claimed(message)
        source = (source_of(request.scope), claimed)
        if claimed is not None and (wait := access.failures.wait(source)):
            return too_many_tries(wait)
        try:
            reply, who = handshake.step(message)
        except AccessRefused:
            if claimed is not None:
                access.failures.failed(source)
            raise
        if who is None:
            handshakes.keep(connection, scheme, handshake)
            return _challenge("The sign-in goes on.", [challenge(scheme, reply)])
        return let_in(request, who, challenge(scheme, reply))

    def let_in(request: Request, who: SignedIn, proof: str) -> Response:
        if who.role is None:
            return refusal(
                403,
                f"{who.name} is neither an administrator nor in the group that is let in.",
                "Ask an administrator to be put into that group, or for a token.",
            )
        token, session = access.sessions.begin(Principal(who.name, who.role, "negotiate"), TOKEN_SECONDS)
        request.scope["state"]["principal"] = session  # for the audit trail
        body = {"token": token, "name": who.name, "role": who.role, "expires_at": iso(session.expires_at)}
        return JSONResponse(body, headers={"WWW-Authenticate": proof})

    def ask(cause: str) -> Response:
        if handshakes.schemes:
            return _challenge(cause, handshakes.schemes)
        return refusal(
            401,
            "Integrated authentication is off.",
            'Use a token, or set "integratedAuthentication" in serviceconfig.json.',
            {"WWW-Authenticate": "Bearer"},
        )

    return routes


def _challenge(cause: str, challenges: list[str]) -> Response:
    answer = refusal(401, cause, "Sign in by Kerberos or NTLM, or use a token.")
    for text in challenges:
        answer.headers.append("WWW-Authenticate", text)
    return answer
