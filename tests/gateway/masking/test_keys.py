"""Key files hold a secret for each epoch."""

from __future__ import annotations

from base64 import b64encode

import pytest

from gateway.masking.errors import MaskError
from gateway.masking.keys import Key, parse_keys

FIRST = b64encode(bytes(32)).decode()
SECOND = b64encode(b"2" * 32).decode()


def test_all_epochs_are_read() -> None:
    """The last one is in use, the others make older pseudonyms again."""
    expected = (Key("customers", 1, bytes(32)), Key("customers", 3, b"2" * 32))

    assert expected == parse_keys("customers", f"# made in May\n1 {FIRST}\n\n3 {SECOND}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no key"),
        (f"{FIRST}\n", "line 1: begins with no epoch"),
        (f"0 {FIRST}\n", "line 1: begins with no epoch"),
        (f"2 {FIRST}\n2 {SECOND}\n", "line 2: epochs must rise"),
        ("1 secret!\n", "line 1: the secret is no base64"),
        ("1 c2VjcmV0\n", "has 6 bytes: make one of at least 32"),
    ],
)
def test_what_is_no_key_file_is_refused(text: str, message: str) -> None:
    """The error tells the line, and never what stands there."""
    with pytest.raises(MaskError, match=message) as caught:
        parse_keys("customers", text)

    assert FIRST not in str(caught.value)
    assert "secret!" not in str(caught.value)


def test_a_secret_is_not_shown() -> None:
    """Not where a key is printed by mistake either."""
    assert "secret" not in repr(Key("customers", 1, b"secret" * 6))
