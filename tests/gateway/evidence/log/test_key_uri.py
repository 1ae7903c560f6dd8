"""`pkcs11:` URIs say which key is meant, and never hold a PIN."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.key_uri import KeyUri, decode_key_uri, is_key_uri

REST = "?module-path=/usr/lib/m.so&pin-source=/etc/pin"


def test_a_uri_names_a_key() -> None:
    """With everything that there is to say; in any order."""
    text = (
        "pkcs11:type=private;id=%01%fF;object=rec%3Border;serial=%20a;token=My%20token"
        "?pin-source=file:///etc/a%26b&module-path=/usr/lib/x%2Dy.so"
    )

    assert KeyUri(
        module=Path("/usr/lib/x-y.so"),
        device="My token",
        serial=b" a",
        label="rec;order",
        key_id=b"\x01\xff",
        pin_source=Path("/etc/a&b"),
    ) == decode_key_uri(text)


@pytest.mark.parametrize("source", ["/etc/pin", "file:/etc/pin", "file:///etc/pin"])
def test_a_pin_is_read_from_a_file(source: str) -> None:
    """In each of the ways in which that is written."""
    uri = decode_key_uri(f"pkcs11:token=t;id=%01?pin-source={source}&module-path=/m.so")

    assert (Path("/etc/pin"), None, b"\x01") == (uri.pin_source, uri.label, uri.key_id)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pkcs11:", "lacks module-path"),
        ("pkcs11:token=t;object=o", "lacks module-path"),
        ("pkcs11:token=t;object=o?module-path=/m", "lacks pin-source"),
        (f"pkcs11:object=o{REST}", "lacks token"),
        (f"pkcs11:token=t{REST}", "names no key"),
        (f"pkcs11:token=t;object=o;type=public{REST}", "private key"),
        (f"pkcs11:token=t;object=o;token=u{REST}", "token wrong"),
        (f"pkcs11:token;object=o{REST}", "token wrong"),
        (f"pkcs11:token=t;object=o;slot-id=3{REST}", "beside .*'object'.* wrong"),
        (f"pkcs11:token=t;object=o{REST}&module-name=m", "beside .*'module-path'.* wrong"),
        (f"pkcs11:token=t;object=100%{REST}", "object .* two hex digits"),
        (f"pkcs11:token=t;object=%f{REST}", "object .* two hex digits"),
        (f"pkcs11:token=%ff;object=o{REST}", "no UTF-8"),
        ("pkcs11:token=t;id=%01?module-path=m.so&pin-source=/pin", "module-path .* whole path"),
        ("pkcs11:token=t;id=%01?module-path=/m.so&pin-source=|ask", "pin-source .* whole path"),
        ("pkcs11:token=t;id=%01?module-path=/m.so&pin-source=file://h/p", "whole path"),
        (f"pkcs11:token=t;object=o{REST}&pin-value=s3cret", "holds a PIN"),
        (f"pkcs11:token=t;pin-value=s3cret;object=o{REST}", "holds a PIN"),
        (f"pkcs11:token=t;s3cret;object=o{REST}", "wrong"),
        (f"pkcs11:token=t;object=o{REST}&s3cret=x", "wrong"),
    ],
)
def test_what_names_no_key_is_refused(text: str, problem: str) -> None:
    """Without repeating what may be a PIN."""
    with pytest.raises(ProofError, match=problem) as raised:
        decode_key_uri(text)

    assert "s3cret" not in str(raised.value)


def test_a_path_is_no_uri() -> None:
    """Unless it begins like one."""
    assert [True, False, False] == [
        is_key_uri(place) for place in ("pkcs11:token=t", "./pkcs11:x", "/keys/recorder.pem")
    ]
