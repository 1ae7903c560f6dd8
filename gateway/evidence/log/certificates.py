"""Who may sign a log: certificates by an offline root key, and the log's own changes of key.

Both are notes. A certificate is signed by the root key and says which keys may sign which log from
when until when. A change of key is signed by the key before and the key after; it stands in the
first header of a segment, which is a leaf of the log like any other. A key is good for the trees
that hold its own change of key and not yet the next one's, and for nothing else.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.errors import ProofError
from gateway.evidence.log.keys import Algorithm, PublicKey, decode_vkey, verify_note
from gateway.evidence.log.note import Note, check_key_name, decode_note
from gateway.evidence.log.signing import Signer, sign_note

if TYPE_CHECKING:
    from collections.abc import Sequence

_CERTIFICATE: Final = "streamwitness recorder certificate v1"
_CHANGE: Final = "streamwitness change of key v1"
_NO_KEY: Final = "none"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
# One Ed25519 key, and one that is safe against quantum computers beside it.
_KEYS_MAX: Final = 2
_NANOSECONDS: Final = 1_000_000_000
_CLOCK_SECONDS: Final = 300
_DAY_SECONDS: Final = 24 * 3600


class KeyChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both notes as a header holds them."""

    certificate: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Which keys may sign a log, and when, in whole seconds since 1970 UTC."""

    log: str
    keys: tuple[PublicKey, ...]
    not_before_s: int
    not_after_s: int

    def text(self) -> str:
        """Return the text that the root key signs."""
        lines = [_CERTIFICATE, f"log {self.log}", *(f"key {key.vkey}" for key in self.keys)]
        lines += [f"not-before {_time(self.not_before_s)}", f"not-after {_time(self.not_after_s)}"]
        return "\n".join(lines) + "\n"

    def covers(self, wall_ns: int) -> bool:
        """Tell whether a time lies within it."""
        return self.not_before_s <= wall_ns // _NANOSECONDS <= self.not_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeStatement:
    """That a log is signed by a new key from its leaf `index` on."""

    log: str
    index: int
    old: PublicKey | None
    new: PublicKey

    def text(self) -> str:
        """Return the text that both keys sign."""
        old = _NO_KEY if self.old is None else self.old.vkey
        lines = [_CHANGE, f"log {self.log}", f"index {self.index}", f"old {old}"]
        return "\n".join([*lines, f"new {self.new.vkey}"]) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedChange:
    """A change of key whose signatures hold."""

    certificate: Certificate
    root_name: str
    statement: ChangeStatement
    is_by_old_key: bool
    """Whether the key before signed it; a recorder that lost its key has only the root's word."""


def certify(root: Signer, keys: Sequence[PublicKey], *, days: int) -> Note:
    """Return a certificate of keys for the log whose name they have, from now on.

    Raises ProofError when they do not have one name, or the first is no Ed25519 key.
    """
    log = keys[0].name
    if any(key.name != log for key in keys) or keys[0].algorithm is not Algorithm.ED25519:
        raise ProofError("the keys of a log all have its name, and the first is an Ed25519 key")
    now = int(time.time())
    certificate = Certificate(
        log=log,
        keys=tuple(keys),
        # Clocks differ a little.
        not_before_s=now - _CLOCK_SECONDS,
        not_after_s=now + days * _DAY_SECONDS,
    )
    decode_certificate(certificate.text())
    return sign_note(certificate.text(), [root])


def decode_certificate(text: str) -> Certificate:
    """Return the certificate in a note's text; raises ProofError."""
    match = re.fullmatch(
        _CERTIFICATE + r"\nlog (\S+)\n((?:key \S+\n)+)not-before (\S+)\nnot-after (\S+)\n", text
    )
    if match is None:
        raise ProofError("this is no certificate of a recorder's key")
    vkeys = re.findall(r"key (\S+)\n", match[2])
    keys = tuple(map(decode_vkey, vkeys))
    if len(keys) > _KEYS_MAX:
        raise ProofError(f"a certificate for {len(keys)} keys has more than {_KEYS_MAX}")
    certificate = Certificate(
        log=check_key_name(match[1]),
        keys=keys,
        not_before_s=_seconds(match[3]),
        not_after_s=_seconds(match[4]),
    )
    if certificate.text() != text or any(key.name != certificate.log for key in keys):
        raise ProofError("the certificate is not as it should be written")
    return certificate


def decode_statement(text: str) -> ChangeStatement:
    """Return the change of key in a note's text; raises ProofError."""
    pattern = _CHANGE + r"\nlog (\S+)\nindex ([0-9]{1,19})\nold (\S+)\nnew (\S+)\n"
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ProofError("this is no change of key")
    statement = ChangeStatement(
        log=check_key_name(match[1]),
        index=int(match[2]),
        old=None if match[3] == _NO_KEY else decode_vkey(match[3]),
        new=decode_vkey(match[4]),
    )
    if statement.text() != text:
        raise ProofError("the change of key is not as it should be written")
    return statement


def check_certificate(note: Note, root: PublicKey) -> Certificate:
    """Return the certificate in a note that the root key signed; raises ProofError."""
    if not verify_note(note, [root]):
        raise ProofError(f"the certificate is not signed by the root key {root.vkey}")
    return decode_certificate(note.text)


def check_change(change: KeyChange, root: PublicKey) -> CheckedChange:
    """Return what a change of key says, once its signatures hold; raises ProofError.

    Whether it stands at its place in the log, and follows the key before, is the caller's to check.
    """
    certificate = check_certificate(decode_note(change.certificate.encode()), root)
    note = decode_note(change.statement.encode())
    statement = decode_statement(note.text)
    signed = verify_note(note, [key for key in (statement.old, statement.new) if key is not None])
    if statement.new not in signed:
        raise ProofError(f"the change of key is not signed by the new key {statement.new.vkey}")
    if (certificate.log, certificate.keys[0]) != (statement.log, statement.new):
        raise ProofError("the certificate is for another log or another key than the change of key")
    return CheckedChange(
        certificate=certificate,
        root_name=root.name,
        statement=statement,
        is_by_old_key=statement.old is None or statement.old in signed,
    )


def vkeys(keys: Sequence[PublicKey]) -> tuple[str, ...]:
    """Return the keys as text."""
    return tuple(key.vkey for key in keys)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME)


def _seconds(text: str) -> int:
    try:
        return int(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise ProofError(f"{text[:40]!r} is no time like 2026-01-31T00:00:00Z") from error
