"""Notes are read only as C2SP signed-note writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.errors import ProofError
from gateway.evidence.log.note import (
    NOTE_BYTES_MAX,
    Note,
    Signature,
    check_key_name,
    decode_base64,
    decode_note,
)

# The example of the specification.
SPECIFIED = (
    "Ognuno sta solo sul cuor della terra\n"
    "trafitto da un raggio di sole:\n"
    "\n"
    "ed è subito sera.\n"
    "\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMou"
    "FSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
).encode()


def is_name(text: str) -> bool:
    """Tell whether a key may be called so."""
    try:
        check_key_name(text)
    except ProofError:
        return False
    return text.isprintable()


names = st.text(min_size=1, max_size=20).filter(is_name)
signatures = st.builds(
    Signature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)
)
lines = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)
texts = st.lists(lines, min_size=1, max_size=5).map(lambda many: "\n".join(many) + "\n")


def test_the_specified_example_is_read() -> None:
    """Text with an empty line in it, and one signature."""
    note = decode_note(SPECIFIED)

    assert note.text.endswith("ed è subito sera.\n")
    assert ["quasimodo.example/salvatore"] == [each.name for each in note.signatures]
    assert "367ba04b" == note.signatures[0].key_id.hex()
    assert note.encode() == SPECIFIED


@given(texts, st.lists(signatures, min_size=1, max_size=5))
def test_what_is_written_is_read(text: str, signed: list[Signature]) -> None:
    """Any text, any number of signatures."""
    note = Note(text, tuple(signed))

    assert note == decode_note(note.encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_note_in_one_spelling_or_an_error(content: bytes) -> None:
    """Nothing else is raised, and no note has two spellings."""
    try:
        note = decode_note(content)
    except ProofError:
        return
    assert content == note.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\nx y AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 y AAAAAAAA",
        b"text\n\n\xe2\x80\x94 y AAAA\n",
        b"text\n\n\xe2\x80\x94 y AAAAAAA=A\n",
        b"text\n\n\xe2\x80\x94 y AAAAAAF=\n",
        b"te\rxt\n\n\xe2\x80\x94 y AAAAAAAA\n",
        b"te\x00xt\n\n\xe2\x80\x94 y AAAAAAAA\n",
        b"te\xffxt\n\n\xe2\x80\x94 y AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94  AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 y+z AAAAAAAA\n",
        b"text\n\n" + b"\xe2\x80\x94 y AAAAAAAA\n" * 65,
        b"x" * NOTE_BYTES_MAX + b"\n\n\xe2\x80\x94 y AAAAAAAA\n",
    ],
    ids=lambda content: repr(content[:24]),
)
def test_what_is_no_note_is_refused(content: bytes) -> None:
    """Each for another reason."""
    with pytest.raises(ProofError):
        decode_note(content)


def test_a_further_signature_replaces_the_same_key_s() -> None:
    """A witness that signs again gives a newer time."""
    note = Note("text\n", (Signature("a", b"1234", b"old"), Signature("b", b"1234", b"b")))

    assert (Signature("a", b"1234", b"new"), Signature("b", b"1234", b"b")) == note.signed_also(
        [Signature("a", b"1234", b"new")]
    ).signatures


@pytest.mark.parametrize("text", ["A", "AB==", "AA==\n", "A A=", "é"])
def test_base64_has_one_spelling(text: str) -> None:
    """Stray bits, white space and missing padding are errors."""
    with pytest.raises(ProofError):
        decode_base64(text)
