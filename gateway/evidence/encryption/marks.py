"""How an event says that it is sealed: the first member of its detail, and sealed texts within it.

docs/segment-format.md#encryption gives the form.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.evidence.encryption.sealed import DataKey

SEALED: Final = "sealed"
CONTENT: Final = frozenset(
    {"assignment", "committed_metadata", "member_assignment", "member_metadata", "metadata"}
)
"""The members of details in which clients put bytes or text of their own."""
_TEXT: Final = re.compile(rf'"(?:{"|".join(sorted(CONTENT))})":"(?!")')


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an event says about its sealing; positions count its batches from 0."""

    key: str
    """The id of the data key."""
    control: tuple[int, ...] = ()
    """The batches that end a transaction and hold no records."""
    unplaced: tuple[tuple[int, int | None, int], ...] = ()
    """The batches whose columns do not tell where they lie, with the first and last offset.

    They were cut off, or are sets of the older formats; the first is null where nothing tells it.
    """


class _Marked(msgspec.Struct, frozen=True):
    sealed: Mark | None = None


def with_mark(detail: str | None, mark: Mark) -> str:
    """Add the mark to a detail, which is an object or nothing yet."""
    member = f'"{SEALED}":{msgspec.json.encode(mark).decode()}'
    rest = "}" if detail is None else detail.removeprefix("{")
    return f"{{{member}{'' if rest == '}' else ','}{rest}"


def read_mark(detail: str | None) -> Mark | None:
    """Return the mark of a detail, None when there is none; raises MsgspecError."""
    if detail is None or not detail.startswith(f'{{"{SEALED}"'):
        return None
    return msgspec.json.decode(detail, type=_Marked).sealed


def may_hold_texts(detail: str) -> bool:
    """Say at little cost whether a detail may hold texts to be sealed."""
    return _TEXT.search(detail) is not None


def seal_texts(detail: str, key: DataKey) -> str:
    """Seal the texts of a detail that are content."""

    def sealed(value: object) -> object:
        if isinstance(value, str) and value:
            return {SEALED: b64encode(key.seal(value.encode())).decode()}
        return value

    return msgspec.json.encode(_changed(msgspec.json.decode(detail), sealed)).decode()


def unseal_texts(detail: str, key: DataKey) -> str:
    """Undo `seal_texts` and `with_mark`; raises EncryptionError, and MsgspecError for no object."""

    def opened(value: object) -> object:
        text = value.get(SEALED) if isinstance(value, dict) else None
        return key.unseal(b64decode(text)).decode() if isinstance(text, str) else value

    plain = msgspec.json.decode(detail, type=dict[str, object])
    del plain[SEALED]
    return msgspec.json.encode(_changed(plain, opened)).decode()


def _changed(node: object, change: Callable[[object], object]) -> object:
    """Copy a JSON value with the members that hold content changed."""
    if isinstance(node, dict):
        return {
            name: change(value) if _is_leaf(name, value) else _changed(value, change)
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_changed(item, change) for item in node]
    return node


def _is_leaf(name: str, value: object) -> bool:
    is_sealed = isinstance(value, dict) and value.keys() == {SEALED}
    return name in CONTENT and (isinstance(value, str) or is_sealed)
