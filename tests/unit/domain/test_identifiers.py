"""What users write, and the one form in which a certificate holds it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify_core.domain.identifiers import Identifier, IdentifierType, parse_identifier, parse_identifiers
from certify_core.errors import InvalidInput


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("example.com", "example.com"),
        ("WWW.Example.COM", "www.example.com"),
        ("  example.com\n", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("example.com\N{IDEOGRAPHIC FULL STOP}", "example.com"),
        ("*.example.com", "*.example.com"),
        ("*.Bücher.example.", "*.xn--bcher-kva.example"),
        ("localhost", "localhost"),
        ("1.example.com", "1.example.com"),
        (f"{'a' * 63}.example", f"{'a' * 63}.example"),
    ],
)
def test_a_dns_name_is_kept_as_lower_case_a_labels(written: str, canonical: str) -> None:
    assert parse_identifier(written) == Identifier(IdentifierType.DNS, canonical)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        (" ::1 ", "::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("::ffff:c000:201", "::ffff:192.0.2.1"),
    ],
)
def test_an_ip_address_is_kept_in_its_shortest_form(written: str, canonical: str) -> None:
    assert parse_identifier(written) == Identifier(IdentifierType.IP, canonical)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        ".",
        "*",
        "*.",
        "*.*.example.com",
        "www.*.example.com",
        "w*.example.com",
        "under_score.example.com",
        "two words.example",
        "-begins.example",
        "ends-.example",
        "two..dots",
        "example.com..",
        ".example.com",
        f"{'a' * 64}.example",
        ".".join(["a" * 49] * 6),
        "*." + ".".join(["a" * 62] * 3 + ["a" * 63]),
        "https://example.com",
        "example.com:443",
        "example.com/path",
        "nul\x00.example",
        "xn--a.example",
        "\N{FULLWIDTH ASTERISK}.example.com",
    ],
)
def test_what_no_certificate_can_hold_is_refused_with_the_field_and_a_remedy(written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_identifier(written, field="identifiers.3")
    assert (refused.value.field, "www.example.com" in refused.value.remedy) == ("identifiers.3", True)


@pytest.mark.parametrize(
    "written", ["256.0.0.1", "192.0.2", "192.0.2.1.5", "10.0.0.01", "\N{FULLWIDTH DIGIT ONE}.0.0.1", "1"]
)
def test_an_address_with_a_slip_in_it_is_no_dns_name(written: str) -> None:
    with pytest.raises(InvalidInput, match="neither a DNS name nor a valid IP address"):
        parse_identifier(written)


def test_an_address_with_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput):
        parse_identifier("fe80::1%eth0")


@pytest.mark.parametrize(("name", "is_wildcard", "base"), [("*.a.test", True, "a.test"), ("a.test", False, "a.test")])
def test_a_wildcard_is_authorized_by_its_base(name: str, is_wildcard: bool, base: str) -> None:
    identifier = parse_identifier(name)
    assert (identifier.is_wildcard, identifier.base) == (is_wildcard, base)


def test_names_keep_their_order_and_come_once() -> None:
    names = parse_identifiers(["b.test", "B.test.", "a.test", "b.test"])
    assert [str(name) for name in names] == ["b.test", "a.test"]


letters = st.text(st.characters(categories=["L", "N", "M", "P", "Z"], include_characters=".*-。"), max_size=30)
dns_names = st.lists(st.from_regex(r"[a-z0-9äéø]([a-z0-9äéø]{0,20})", fullmatch=True), min_size=1, max_size=4).map(
    lambda labels: ".".join([*labels, "Test"])
)
written = letters | dns_names | dns_names.map("*.{}".format) | st.ip_addresses().map(str)


@given(written)
def test_the_canonical_form_is_its_own_canonical_form(text: str) -> None:
    try:
        identifier = parse_identifier(text)
    except InvalidInput:
        return
    assert parse_identifier(identifier.value) == identifier


@given(dns_names)
def test_case_and_a_trailing_dot_make_no_difference(name: str) -> None:
    assert parse_identifier(f"{name.swapcase()}.") == parse_identifier(name)


@given(dns_names)
def test_the_canonical_form_is_plain_lower_case_ascii(name: str) -> None:
    value = parse_identifier(name).value
    assert value.isascii() and value == value.lower()
