"""Finding which events of a block are sealed, with which key, and opening what can be opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from gateway.evidence.encryption.marks import SEALED, Mark, read_mark, unseal_texts
from gateway.evidence.errors import UNREADABLE_JSON, EncryptionError
from workbench.archive.keys import KeyRing, Missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.evidence.encryption.sealed import DataKey

_BEGINNING: Final = f'{{"{SEALED}"'


@dataclass(frozen=True, slots=True)
class Sealing:
    """How an event is sealed."""

    mark: Mark
    key: DataKey | Missing
    session: str


class Unsealing:
    """Opens the blocks of one segment; `opened` says of each session met why it could not be."""

    def __init__(self, keys: KeyRing) -> None:
        self.opened: dict[str, str | None] = {}
        self._keys = keys

    def begin(self, rows: pa.RecordBatch) -> tuple[pa.RecordBatch, Sequence[Sealing | None]]:
        """Return the rows with their details open as far as can be, and how each is sealed."""
        details = rows.column("detail")
        if not pc.any(pc.starts_with(details, _BEGINNING)).as_py():
            return rows, [None] * rows.num_rows
        texts = details.to_pylist()
        sealings = [
            self._sealing(session, detail)
            for session, detail in zip(rows.column("session").to_pylist(), texts, strict=True)
        ]
        opened = [
            detail if sealing is None else _opened(detail, sealing)
            for detail, sealing in zip(texts, sealings, strict=True)
        ]
        index = rows.schema.get_field_index("detail")
        column = pa.array(opened, details.type)
        return rows.set_column(index, rows.schema.field(index), column), sealings

    def _sealing(self, session: str | None, detail: str | None) -> Sealing | None:
        try:
            mark = read_mark(detail)
        except UNREADABLE_JSON:
            return None  # what is read next says that this detail cannot be read
        if mark is None or session is None:
            return None
        self.opened[session] = self._keys.why_not(session)
        key = self._keys.find(session)
        if not isinstance(key, Missing) and key.key_id != mark.key:
            key = Missing("the key folder has another key of it")
        return Sealing(mark, key, session)


def _opened(detail: str, sealing: Sealing) -> str | None:
    if isinstance(sealing.key, Missing):
        return detail
    try:
        return unseal_texts(detail, sealing.key)
    except (EncryptionError, ValueError, RecursionError):
        return detail
