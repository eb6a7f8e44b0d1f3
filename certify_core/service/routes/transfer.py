"""`/api/export` and `/api/import`: everything as one encrypted file, and the lists of other programs.

The passphrase never comes here. Who asks makes the file's key of it by scrypt and sends that: it opens this one file
and nothing else, it is in no log, and the memory and time that scrypt takes are not the service's.
"""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, SecretStr, StrictBool
from starlette.concurrency import run_in_threadpool

from certify_core.errors import InvalidInput, LocalFault
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.routes.views import iso
from certify_core.transfer.csv_import import CsvImporter, CsvWish
from certify_core.transfer.envelope import KEY_BYTES, PART, Derivation, seal
from certify_core.transfer.gathering import Gathering
from certify_core.transfer.importing import Importer
from certify_core.transfer.report import Report

IMPORT_ENCRYPTED = "/import/encrypted"
OCTETS = "application/octet-stream"
_FILE = {"requestBody": {"required": True, "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}}


class ExportWish(BaseModel):
    """How the file is encrypted."""

    model_config = ConfigDict(extra="forbid")

    kdf: Derivation
    """How the key was made of the passphrase: it is written into the file, for who opens it."""
    key: SecretStr
    """The 64 octets that scrypt has made, in base64url."""


class CsvImportWish(BaseModel):
    """A CSV file of Certify The Web."""

    model_config = ConfigDict(extra="forbid")

    content: str
    """Its text."""
    authority: str = "letsencrypt"
    """The id of an authority, or the address of an ACME directory, for every row."""
    ca_bundle: str | None = None
    """A PEM file with the TLS roots of the directory."""
    deploy: StrictBool = True
    """Without it nothing is deployed to IIS."""
    preview: StrictBool = False
    """Only say what would be done."""


def router(gathering: Gathering, importer: Importer, csv_importer: CsvImporter) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api", tags=["moving"], route_class=StrictJsonRoute)

    @routes.post("/export/encrypted", response_class=StreamingResponse, responses={200: {"content": {OCTETS: {}}}})
    def export(wish: ExportWish) -> StreamingResponse:
        """Download everything as one encrypted file: certificates with their keys, accounts, credentials, channels."""
        key = _key(wish.key.get_secret_value(), "key")
        with ExitStack() as stack:
            file = stack.enter_context(tempfile.TemporaryFile())
            try:
                seal(file, wish.kdf, key, gathering.lines())
            except OSError as error:
                raise _no_room(error) from error
            headers = {"Content-Length": str(file.tell())}
            stack.pop_all()  # it is closed when it was sent
        return StreamingResponse(_pieces(file), media_type=OCTETS, headers=headers)

    @routes.post(IMPORT_ENCRYPTED, openapi_extra=_FILE)
    async def import_encrypted(
        request: Request,
        key: Annotated[str, Header(alias="Certify-Key")],
        preview: bool = False,
        replace: bool = False,
    ) -> dict[str, Any]:
        """Take such a file, after all of it was read and found to be true; with `preview` only say what would be done.

        `replace` has what is different here give way to what is in the file. No authority is asked for anything.
        """
        derived = _key(key, "Certify-Key")
        act = importer.preview if preview else importer.run
        with tempfile.TemporaryFile() as file:
            try:
                async for piece in request.stream():
                    await run_in_threadpool(file.write, piece)
            except OSError as error:
                raise _no_room(error) from error
            return report_document(await run_in_threadpool(act, file, derived, replace=replace), preview=preview)

    @routes.post("/import/csv")
    def import_csv(wish: CsvImportWish) -> dict[str, Any]:
        """Look after what the rows of a CSV file say, or if any of them is wrong do nothing; nothing is requested."""
        asked = CsvWish(wish.content, wish.authority, wish.ca_bundle, wish.deploy)
        report = csv_importer.preview(asked) if wish.preview else csv_importer.run(asked)
        return {
            "preview": wish.preview,
            "imported": not wish.preview and not report.faults,
            "notes": report.notes,
            "counts": report.counts,
            "items": [asdict(item) for item in report.items],
            "faults": [{**asdict(fault), "text": str(fault)} for fault in report.faults],
        }

    return routes


def report_document(report: Report, *, preview: bool) -> dict[str, Any]:
    """Return what was, or would be, imported."""
    return {
        "preview": preview,
        "made_at": iso(report.made_at),
        "made_by": report.made_by,
        "machine": report.machine,
        "left_out": list(report.left_out),
        "counts": report.counts,
        "items": [
            {
                "kind": item.kind,
                "id": item.id,
                "name": item.name,
                "fate": item.fate.value,
                "detail": item.detail,
                "remedy": item.remedy,
            }
            for item in report.items
        ],
    }


def _key(text: str, field: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidInput(
            field,
            f"{field} is not {KEY_BYTES} octets in base64url.",
            "Make it of the passphrase as docs/moving.md says.",
        )
    return key


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PART):
            yield piece


def _no_room(error: OSError) -> LocalFault:
    return LocalFault(
        f"The file cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}.",
        "Make room there, then try again.",
    )
