"""Checking an origin's files against the signed list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import DamagedError, ProofError
from gateway.evidence.log.signify import check_signed
from gateway.evidence.sums import KEY_FILE, LIST, decode_sums, file_sum
from gateway.evidence.tombstones import absent_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.selection import LeftOut

SEGMENTS: Final = "segments/"


def check_sums(archive: Path, origin: str, keys: Sequence[PublicKey]) -> Iterator[Damage]:
    """Yield what is wrong with the list of an origin, and with every file that it names.

    `keys` are those that sign the origin's log, the newest last; without one there is no list.
    Segments that a selection leaves out on purpose need not be there.
    """
    directory = archive / origin
    try:
        text = check_signed((directory / LIST).read_bytes(), keys, key_file=KEY_FILE)
        sums = decode_sums(text)
    except FileNotFoundError:
        if keys:
            message = "there is no signed list of files: coreutils and signify cannot check them"
            yield _about(DamageKind.UNLISTED, origin, LIST, message)
        return
    except (ProofError, DamagedError, OSError) as error:
        message = f"the list of files cannot be relied on: {error}"
        yield _about(DamageKind.LISTED, origin, LIST, message)
        return
    left_out = absent_of(archive, origin)
    for path, listed in sums.items():
        try:
            found = file_sum(directory / path)
        except FileNotFoundError:
            if not any(_holds(run, path) for run in left_out):
                message = f"{path} is in the signed list of files and not there"
                yield _about(DamageKind.LISTED, origin, path, message)
            continue
        except OSError as error:
            message = f"{path} is in the signed list of files and cannot be read: {error.strerror}"
            yield _about(DamageKind.LISTED, origin, path, message)
            continue
        if found != listed:
            message = f"{path} is not the file that the signed list names"
            yield _about(DamageKind.LISTED, origin, path, message)


def _holds(run: LeftOut, path: str) -> bool:
    digits = path.removeprefix(SEGMENTS).partition(".")[0]
    return digits.isdecimal() and run.first_sequence <= int(digits) <= run.last_sequence


def _about(kind: DamageKind, origin: str, path: str, message: str) -> Damage:
    is_marker = path.startswith("../")
    return Damage(
        kind=kind,
        message=message,
        origin="" if is_marker else origin,
        segment="" if is_marker else path.removeprefix(SEGMENTS),
        byte_offset=0,
    )
