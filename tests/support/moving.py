"""Exports and imports through the API, as a program of its own does them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import urllib3

from certify_core.transfer.envelope import Derivation, derive, seal
from certify_core.transfer.reading import read_records
from certify_core.transfer.records import CertificateRecord, Record
from tests.support.service import Answer, Service

EXPORT, IMPORT = "/api/export/encrypted", "/api/import/encrypted"
DERIVATION = Derivation.model_validate({"salt": base64.urlsafe_b64encode(bytes(16)).decode(), "n": 1 << 14})
"""With as little work as is allowed, so that tests are quick."""
KEY = derive("correct horse battery staple", DERIVATION)


def key_text(key: bytes = KEY) -> str:
    """Return a key as the API takes it."""
    return base64.urlsafe_b64encode(key).decode()


def export_wish() -> dict[str, Any]:
    """Ask for a file that `KEY` opens."""
    return {"kdf": DERIVATION.model_dump(mode="json"), "key": key_text()}


def export_of(service: Service, wish: dict[str, Any] | None = None) -> bytes:
    """Return everything of a service as an encrypted file, by default one that `KEY` opens."""
    with urllib3.PoolManager(retries=False, timeout=60) as http:
        headers = {"Authorization": f"Bearer {service.token}"}
        answer = http.request("POST", service.url + EXPORT, json=wish or export_wish(), headers=headers)
    assert answer.status == 200, answer.data
    return answer.data


def import_into(service: Service, file: bytes, *, key: bytes = KEY, token: str = "", **query: bool) -> Answer:
    """Have a service take an encrypted file."""
    question = "&".join(f"{name}={str(value).lower()}" for name, value in query.items())
    with urllib3.PoolManager(retries=False, timeout=60) as http:
        answer = http.request(
            "POST",
            f"{service.url}{IMPORT}?{question}",
            body=file,
            headers={
                "Authorization": f"Bearer {token or service.token}",
                "Content-Type": "application/octet-stream",
                "Certify-Key": key_text(key),
            },
        )
    return Answer(answer.status, answer.headers, answer.json())


def fates(answer: Answer) -> dict[tuple[str, str], str]:
    """Return what became of each thing, by its kind and name."""
    assert answer.status == 200, answer.body
    return {(item["kind"], item["name"]): item["fate"] for item in answer.body["items"]}


def records_in(file: bytes) -> list[Record]:
    """Return everything in a file."""
    return list(read_records(io.BytesIO(file), KEY))


def file_of(*records: Record) -> bytes:
    """Return a file of these records, as nobody but who has the passphrase could make it."""
    file = io.BytesIO()
    seal(file, DERIVATION, KEY, (record.model_dump_json().encode() + b"\n" for record in records))
    return file.getvalue()


def with_certificates_changed(file: bytes, **changes: Any) -> bytes:
    """Return a file whose managed certificates are otherwise."""
    return file_of(*_changed(records_in(file), changes))


def _changed(records: list[Record], changes: dict[str, Any]) -> Iterator[Record]:
    for record in records:
        yield record.model_copy(update=changes) if isinstance(record, CertificateRecord) else record
