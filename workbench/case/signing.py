"""Signing the state of a custody log: an entry that nobody without the key could have written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ProofError
from gateway.evidence.log.keys import decode_vkey, verify_note
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.signing import sign_note
from workbench.case.custody import Action, Custody, Entry
from workbench.case.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.evidence.log.signing import Signer
    from workbench.case.custody import CustodyLog

_FIRST_LINE: Final = "streamwitness-custody"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedState:
    """A signature in the log: it stands for all lines before its own."""

    line: int
    key: str
    problem: str | None
    """Why the signature does not hold, None where it does."""


def sign_custody(log: CustodyLog, signer: Signer) -> Entry:
    """Add an entry that signs all entries before it; raises CaseError.

    When somebody else writes an entry at the same moment, the signature is about the ones before.
    """
    before = log.read()
    if before.flaw is not None or before.head is None:
        raise CaseError(f"the custody log is not sound, so it was not signed: {before.flaw}")
    note = sign_note(_text(len(before.entries), before.head), [signer])
    details = {"key": signer.public.vkey, "note": note.encode().decode()}
    return log.append(Action.SIGNED, details=details)


def signed_states(custody: Custody) -> Iterator[SignedState]:
    """Yield the signatures in a log, and whether each holds for the lines that it is about."""
    for place, entry in enumerate(custody.entries):
        if entry.action is Action.SIGNED:
            key = str(entry.details.get("key"))
            problem = _problem(custody, place, key, str(entry.details.get("note")))
            yield SignedState(line=place + 1, key=key, problem=problem)


def _problem(custody: Custody, place: int, key: str, content: str) -> str | None:
    try:
        note = decode_note(content.encode())
        signed = verify_note(note, [decode_vkey(key)])
    except ProofError as error:
        return str(error)
    if not signed:
        return "the key that it names has not signed it"
    texts = {_text(count, digest) for count, digest in enumerate(custody.digests[:place], start=1)}
    return None if note.text in texts else "it is about another log"


def _text(count: int, head: str) -> str:
    return f"{_FIRST_LINE}\n{count}\n{head}\n"
