"""Notes: text with signatures under it, as C2SP signed-note lays down."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ProofError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Sixteen of the largest signatures there are take a tenth of this.
NOTE_BYTES_MAX: Final = 1024 * 1024
SIGNATURES_MAX: Final = 64
KEY_ID_BYTES: Final = 4
# A name has neither spaces, as Unicode knows them, nor a plus.
_NAME: Final = re.compile(r"[^\s+\x00-\x20\x7f-\x9f]{1,255}")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it is by name and id, and the signature's bytes."""

    name: str
    key_id: bytes
    content: bytes

    def line(self) -> str:
        """Return the line as it stands in a note."""
        encoded = base64.b64encode(self.key_id + self.content).decode()
        return f"\N{EM DASH} {self.name} {encoded}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends with a newline, and what is claimed to be signatures of it."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Return the note as it is stored."""
        return "".join([self.text, "\n", *(each.line() for each in self.signatures)]).encode()

    def signed_also(self, signatures: Sequence[Signature]) -> Note:
        """Return the note with further signatures; one that is there already is not doubled."""
        known = {(each.name, each.key_id): each for each in (*self.signatures, *signatures)}
        return Note(self.text, tuple(known.values()))


def check_key_name(name: str) -> str:
    """Return the name of a key; raises ProofError when no note may contain it."""
    if not _NAME.fullmatch(name):
        raise ProofError(f"{name!r} cannot name a key: use 1 to 255 characters, no spaces, no plus")
    return name


def decode_note(content: bytes) -> Note:
    """Return the note in these bytes, and in these only; raises ProofError."""
    if len(content) > NOTE_BYTES_MAX:
        raise ProofError(f"a note of {len(content)} bytes is longer than {NOTE_BYTES_MAX}")
    try:
        whole = content.decode()
    except UnicodeDecodeError as error:
        raise ProofError("the note is no UTF-8") from error
    text, separator, lines = whole.rpartition("\n\n")
    if not separator or not lines.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise ProofError("the note has not the form of one: text, an empty line, signatures")
    found = lines.removesuffix("\n").split("\n")
    if len(found) > SIGNATURES_MAX:
        raise ProofError(f"a note with {len(found)} signatures has more than {SIGNATURES_MAX}")
    return Note(text + "\n", tuple(map(decode_signature, found)))


def decode_signature(line: str) -> Signature:
    """Return the signature in a line without its newline; raises ProofError."""
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    content = decode_base64(encoded)
    if dash != "\N{EM DASH}" or len(content) <= KEY_ID_BYTES:
        raise ProofError("a line of the note is no signature")
    return Signature(check_key_name(name), content[:KEY_ID_BYTES], content[KEY_ID_BYTES:])


def decode_base64(text: str) -> bytes:
    """Return what a text in standard base64 says, in its one right spelling; raises ProofError."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofError("something that should be base64 is not") from error
    # Bits that stand for nothing must be zero, or one value had several spellings.
    if base64.b64encode(content).decode() != text:
        raise ProofError("something that should be base64 is not")
    return content
