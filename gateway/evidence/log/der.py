"""What stands in a timestamp's DER, as far as it must be put in order before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ProofError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CERTIFICATES: Final = 0xA0
_LONG: Final = 0x80
# Four bytes of length are more than any reply that is accepted.
_LENGTH_BYTES_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    start: int
    content: int
    end: int


def with_ordered_certificates(reply: bytes) -> bytes:
    """Return a TimeStampResp (RFC 3161) whose certificates stand in the order that DER demands.

    Authorities write them in the order of the chain, and strict readers refuse that. No signature
    covers the order. Raises ProofError when the reply is none.
    """
    place = _certificates(reply)
    if place is None:
        return reply
    found = sorted(reply[each.start : each.end] for each in _elements(reply, place))
    return reply[: place.content] + b"".join(found) + reply[place.end :]


def _certificates(reply: bytes) -> _Element | None:
    """Return the set of certificates of the SignedData in a reply (RFC 5652 section 5.1).

    A refusal has none.
    """
    whole = _element(reply, 0, len(reply))
    # TimeStampResp, its ContentInfo, what that has as its content, and the SignedData therein.
    for position in (1, 1, 0):
        parts = list(_elements(reply, whole))
        if len(parts) <= position:
            return None
        whole = parts[position]
    return next((each for each in _elements(reply, whole) if each.tag == _CERTIFICATES), None)


def _elements(content: bytes, outer: _Element) -> Iterator[_Element]:
    position = outer.content
    while position < outer.end:
        element = _element(content, position, outer.end)
        yield element
        position = element.end


def _element(content: bytes, start: int, limit: int) -> _Element:
    """Return the element at a place, which must end before the limit (X.690 sections 8.1, 10.1)."""
    tag, length, first = content[start : start + 1], content[start + 1 : start + 2], start + 2
    if length and length[0] >= _LONG:
        count = length[0] - _LONG
        length = content[first : first + count] if count <= _LENGTH_BYTES_MAX else b""
        first += count
    end = first + int.from_bytes(length, "big")
    if not length or end > limit:
        raise ProofError("this is no timestamp: its DER is cut or damaged")
    return _Element(tag[0], start, first, end)
