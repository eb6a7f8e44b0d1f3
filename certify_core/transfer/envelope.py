"""One encrypted file: without the passphrase nothing in it can be read, and no bit changed, cut off or added.

    CERTIFY\\0 | length of the header (4 octets) | header (JSON) | proof of the key (32 octets) | part | … | last part

scrypt (RFC 7914) makes of the passphrase the key of this file alone, since the salt is its own. One half proves that
the passphrase is the right one (HMAC-SHA-256 of the header), the other encrypts: parts of 64 KiB, AES-256-GCM, in the
STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, 2015; `age` has the same). The nonce of a part is its
number and whether it is the last, and the header is authenticated with each: so parts cannot be moved, left out or
added either. What the header asks for is bounded before it is done.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Annotated, BinaryIO, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Base64UrlBytes, BaseModel, ConfigDict, Field, ValidationError, model_validator

from certify_core.errors import InvalidInput

MAGIC = b"CERTIFY\0"
VERSION = 1
PART = 65_536
KEY_BYTES = 64
SHORTEST_PASSPHRASE = 12
"""Characters: who has the file can try passphrases for as long as he likes."""
_HALF = KEY_BYTES // 2
_SALT_BYTES, _TAG_BYTES = 16, 16
_LARGEST_HEADER = 4096
_LARGEST_MEMORY = 1 << 30
"""Octets that scrypt may take (128 * n * r)."""
_HARDEST = 1 << 25
"""The largest n * r * p: about 15 seconds of one processor."""
_REMEDY = "Give a file that `certify export --encrypted` has made."


class Derivation(BaseModel):
    """How the key comes from the passphrase: scrypt, by default with 128 MiB of memory, as OWASP advises."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["scrypt"] = "scrypt"
    salt: Annotated[Base64UrlBytes, Field(min_length=16, max_length=64)]
    n: int = Field(default=1 << 17, ge=1 << 14, le=1 << 20)
    r: int = Field(default=8, ge=8, le=32)
    p: int = Field(default=1, ge=1, le=16)

    @model_validator(mode="after")
    def _bounded(self) -> Derivation:
        if self.n & (self.n - 1):
            raise ValueError("n is no power of two")
        if 128 * self.n * self.r > _LARGEST_MEMORY or self.n * self.r * self.p > _HARDEST:
            raise ValueError("n, r and p ask for too much memory or time")
        return self


class Header(BaseModel):
    """What has to be known before anything can be opened; in clear, and authenticated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    cipher: Literal["AES-256-GCM"] = "AES-256-GCM"
    kdf: Derivation


def new_derivation() -> Derivation:
    """Return how the key of a new file is made."""
    return Derivation.model_validate({"salt": base64.urlsafe_b64encode(os.urandom(_SALT_BYTES))})


def derive(passphrase: str, derivation: Derivation) -> bytes:
    """Return the key of one file; the same for a passphrase however its letters are composed (Unicode NFC)."""
    text = unicodedata.normalize("NFC", passphrase).encode()
    n, r, p = derivation.n, derivation.r, derivation.p
    memory = 128 * r * (n + p + 2)
    return hashlib.scrypt(text, salt=derivation.salt, n=n, r=r, p=p, maxmem=memory, dklen=KEY_BYTES)


def seal(file: BinaryIO, derivation: Derivation, key: bytes, content: Iterable[bytes]) -> None:
    """Write `content` as an encrypted file; never more than a part of it is in memory."""
    text = Header(kdf=derivation).model_dump_json().encode()
    head = MAGIC + len(text).to_bytes(4, "big") + text
    file.write(head + _proof(head, key))
    cipher = AESGCM(key[:_HALF])
    for number, (part, is_last) in enumerate(_with_last(_parts(content))):
        file.write(cipher.encrypt(_nonce(number, is_last=is_last), part, head))


def read_header(file: BinaryIO) -> Header:
    """Return the header of a file, and be behind it.

    Raises:
        InvalidInput: it is none of ours, or of a version that this program does not know.
    """
    return _read_head(file)[0]


def unseal(file: BinaryIO, key: bytes) -> Iterator[bytes]:
    """Give the content of a file in pieces; it is all that was written only when the last piece was given.

    Raises:
        InvalidInput: the passphrase is another one, or something in the file is not what was written.
    """
    _, head = _read_head(file)
    if not hmac.compare_digest(file.read(_HALF), _proof(head, key)):
        raise InvalidInput(
            "passphrase",
            "The passphrase is not that of the file, or the file's beginning was changed.",
            "Try another one.",
        )
    cipher = AESGCM(key[:_HALF])
    for number, (part, is_last) in enumerate(_with_last(_blocks(file))):
        try:
            yield cipher.decrypt(_nonce(number, is_last=is_last), part, head)
        except (InvalidTag, ValueError):
            raise InvalidInput(
                "file",
                f"The file is not what was written: part {number + 1} was changed, or the file was cut off there.",
                "Take another copy of it; nothing was taken from this one.",
            ) from None


def _read_head(file: BinaryIO) -> tuple[Header, bytes]:
    start = file.read(len(MAGIC) + 4)
    length = int.from_bytes(start[len(MAGIC) :], "big")
    if not start.startswith(MAGIC) or len(start) != len(MAGIC) + 4 or length > _LARGEST_HEADER:
        raise InvalidInput("file", "This is no encrypted export of Certify.", _REMEDY)
    text = file.read(length)
    try:
        if json.loads(text)["version"] != VERSION:
            raise InvalidInput("file", "The file was made by a newer Certify.", "Update this one, then import it.")
        return Header.model_validate_json(text), start + text
    except (ValueError, LookupError, TypeError) as error:
        cause = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is not JSON"
        raise InvalidInput("file", f"The file's header cannot be read: {cause}.", _REMEDY) from None


def _proof(head: bytes, key: bytes) -> bytes:
    return hmac.digest(key[_HALF:], head, "sha256")


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _parts(content: Iterable[bytes]) -> Iterator[bytes]:
    """Give the content in parts of one size; the last may be smaller, and there is at least one."""
    pending = bytearray()
    for piece in content:
        pending += piece
        while len(pending) > PART:
            yield bytes(pending[:PART])
            del pending[:PART]
    yield bytes(pending)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    yield file.read(PART + _TAG_BYTES)
    while block := file.read(PART + _TAG_BYTES):
        yield block


def _with_last(parts: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Give each part with whether it is the last."""
    current = next(parts)
    for following in parts:
        yield current, False
        current = following
    yield current, True
