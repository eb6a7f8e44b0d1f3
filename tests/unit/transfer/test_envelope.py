"""The form of an encrypted export: what is in it comes out again, and nothing else ever does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify_core.errors import InvalidInput
from certify_core.transfer.envelope import (
    MAGIC,
    PART,
    Derivation,
    derive,
    new_derivation,
    read_header,
    seal,
    unseal,
)

KEY = bytes(range(64))
DERIVATION = new_derivation()
TAG = 16


def sealed(*content: bytes, key: bytes = KEY) -> bytes:
    file = io.BytesIO()
    seal(file, DERIVATION, key, content)
    return file.getvalue()


def opened(file: bytes, key: bytes = KEY) -> bytes:
    return b"".join(unseal(io.BytesIO(file), key))


def refusal(file: bytes, key: bytes = KEY) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        opened(file, key)
    return caught.value


def parts_of(file: bytes) -> tuple[bytes, list[bytes]]:
    """Return what is before the parts, and the parts."""
    start = len(MAGIC) + 4 + int.from_bytes(file[len(MAGIC) : len(MAGIC) + 4], "big") + 32
    body = file[start:]
    return file[:start], [body[at : at + PART + TAG] for at in range(0, len(body), PART + TAG)]


def with_header(**changes: Any) -> bytes:
    """Return the beginning of a file whose header says something else."""
    header = {"version": 1, "cipher": "AES-256-GCM", "kdf": DERIVATION.model_dump(mode="json")} | changes
    text = json.dumps(header).encode()
    return MAGIC + len(text).to_bytes(4, "big") + text + bytes(32)


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 17])
def test_what_is_sealed_is_opened(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    assert opened(sealed(content)) == content


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_it_does_not_matter_in_which_pieces_it_comes(pieces: list[bytes]) -> None:
    assert opened(sealed(*pieces)) == b"".join(pieces)


def test_nothing_of_it_can_be_read() -> None:
    assert b"a private key" not in sealed(b"here is a private key")


def test_a_flipped_bit_anywhere_is_refused() -> None:
    file = sealed(b"everything")
    for at in range(len(file) * 8):
        changed = bytearray(file)
        changed[at // 8] ^= 1 << at % 8
        refusal(bytes(changed))


def test_a_file_that_was_cut_off_anywhere_is_refused() -> None:
    file = sealed(b"everything")
    for length in range(len(file)):
        refusal(file[:length])


def test_a_file_that_was_cut_off_between_two_parts_is_refused() -> None:
    head, parts = parts_of(sealed(bytes(3 * PART)))
    refusal(head + b"".join(parts[:-1]))


def test_what_was_added_is_refused() -> None:
    refusal(sealed(b"everything") + b"\0")


def rearranged(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    head, parts = parts_of(sealed(b"a" * PART, b"b" * PART, b"c" * PART))
    return head + b"".join(change(parts))


def test_parts_that_were_swapped_are_refused() -> None:
    refusal(rearranged(lambda parts: [parts[1], parts[0], parts[2]]))


def test_a_part_that_is_missing_is_noticed() -> None:
    refusal(rearranged(lambda parts: [parts[0], parts[2]]))


def test_a_part_of_another_file_is_refused() -> None:
    other = new_derivation()
    file = io.BytesIO()
    seal(file, other, KEY, [b"a" * PART, b"b" * PART, b"c" * PART])
    strange = parts_of(file.getvalue())[1][1]
    refusal(rearranged(lambda parts: [parts[0], strange, parts[2]]))


def test_the_part_that_is_wrong_is_named() -> None:
    file = bytearray(sealed(bytes(3 * PART)))
    file[-(PART + TAG)] ^= 1
    assert "part 3" in refusal(bytes(file)).cause or "part 2" in refusal(bytes(file)).cause


def test_another_passphrase_is_told_as_that() -> None:
    error = refusal(sealed(b"everything"), bytes(64))
    assert (error.field, "passphrase" in error.cause) == ("passphrase", True)


def test_another_file_is_told_as_that() -> None:
    assert "no encrypted export" in refusal(b"PK\3\4 some other archive").cause


def test_a_file_of_a_newer_certify_is_told_as_that() -> None:
    assert "newer" in refusal(with_header(version=2)).cause


TOO_MUCH = {
    "no power of two": {"n": (1 << 17) + 1},
    "too little work": {"n": 1 << 10},
    "too much memory": {"n": 1 << 20, "r": 32},
    "too much time": {"n": 1 << 20, "r": 8, "p": 16},
    "a salt that is too short": {"salt": "AAAA"},
    "another function": {"name": "pbkdf2"},
}


@pytest.mark.parametrize("parameters", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_the_header_asks_for_is_bounded(parameters: dict[str, Any]) -> None:
    file = with_header(kdf=DERIVATION.model_dump(mode="json") | parameters)
    with pytest.raises(InvalidInput, match="header"):
        read_header(io.BytesIO(file))


def test_the_key_is_that_of_rfc_7914() -> None:
    derivation = Derivation.model_construct(salt=b"SodiumChloride", n=16384, r=8, p=1)
    assert derive("pleaseletmein", derivation).hex() == (
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    )


def test_a_passphrase_is_the_same_however_its_letters_are_composed() -> None:
    cheap = Derivation.model_construct(salt=bytes(16), n=16384, r=8, p=1)
    assert derive("caf\u00e9 au lait", cheap) == derive("cafe\u0301 au lait", cheap)


def test_every_file_has_a_salt_of_its_own() -> None:
    assert new_derivation().salt != new_derivation().salt
