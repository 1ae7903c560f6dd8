"""What can go wrong with evidence, by who must act.

EvidenceError
|-- JournalError    the operator: the journal cannot be written, so traffic must stop; final
|-- ArchiveError    the caller or operator: this is no archive, or somebody else writes it
|-- DamagedError    nobody yet: bytes are not what they should be; readers turn it into a `Damage`
|-- ProofError      whoever relies on it: a proof, signature or certificate does not hold
`-- EncryptionError the key's holder: a key is missing, of another session, or cannot be read
"""

from __future__ import annotations

from typing import Final

import msgspec

# What decoding JSON raises: text that is no UTF-8 and deep nesting are no errors of msgspec's own.
UNREADABLE_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class EvidenceError(Exception):
    """Any failure of writing or reading evidence."""


class JournalError(EvidenceError):
    """The journal could not be written or is in use; nothing may pass unrecorded after it."""


class ArchiveError(EvidenceError):
    """The archive could not be opened, created or locked."""


class DamagedError(EvidenceError):
    """Stored bytes are not what a writer of this format writes; the message says in which way."""


class ProofError(EvidenceError):
    """A proof, a signature or a certificate does not show what it claims to."""


class EncryptionError(EvidenceError):
    """A key could not be made, kept, read or used; the message says which and what to do."""
