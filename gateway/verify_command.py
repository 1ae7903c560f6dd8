"""The body of `streamwitness verify`: reading with a progress bar, and printing what was found."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from gateway.evidence.document import (
    DamageDocument,
    LogDocument,
    OriginDocument,
    VerificationDocument,
    document_of,
    printable,
)
from gateway.evidence.errors import EvidenceError, ProofError
from gateway.evidence.log.keys import decode_vkey
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.trust import Trust
from gateway.evidence.place import local_archive, user_cache
from gateway.evidence.verify import Verdict, Verification, verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.trust import TellsTime

EXIT_CODES: Final = {Verdict.WHOLE: 0, Verdict.DAMAGED: 1, Verdict.SELECTION: 3}
NO_ARCHIVE_EXIT_CODE: Final = 2
_VERDICTS: Final = {
    Verdict.WHOLE: "whole",
    Verdict.SELECTION: "a selection: what is here is whole, parts were left out on purpose",
}
# More would bury what was found first; the document for programs has them all.
DAMAGES_SHOWN_MAX: Final = 50
TIMESTAMPS_SHOWN_MAX: Final = 50
_WIDTH_WITHOUT_TERMINAL: Final = 120


def verify_archive(archive: str | Path, trusted: Trusted, *, as_json: bool) -> int:
    """Verify the archive, print what was found, and return the exit code."""
    try:
        trust = trusted.load()
        local = local_archive(archive, user_cache())
        document = document_of(local.folder, _verify(local.folder, trust))
    except EvidenceError as error:
        sys.stderr.write(f"streamwitness: {printable(str(error))}\n")
        return NO_ARCHIVE_EXIT_CODE
    document = msgspec.structs.replace(document, archive=printable(str(archive)))
    for note in local.notes:
        sys.stderr.write(f"streamwitness: {printable(note)}\n")
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
    else:
        width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
        show(document, Console(highlight=False, width=width))
    return EXIT_CODES[document.verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Keys and checkpoints as they were typed: keys as text, or as the path of a file with one."""

    root_key: str | None = None
    witness_keys: Sequence[str] = ()
    witnessed: Sequence[Path] = ()
    authority: TellsTime | None = None

    def load(self) -> Trust:
        """Return whom to trust; raises ProofError."""
        try:
            return Trust(
                root=None if self.root_key is None else _key(self.root_key),
                witnesses=tuple(map(_key, self.witness_keys)),
                witnessed=tuple(decode_note(path.read_bytes()) for path in self.witnessed),
                authority=self.authority,
            )
        except OSError as error:
            raise ProofError(f"a witnessed checkpoint cannot be read: {error}") from error


def _key(text: str) -> PublicKey:
    path = Path(text)
    try:
        return decode_vkey(path.read_text("ascii").strip() if path.is_file() else text)
    except (OSError, UnicodeDecodeError) as error:
        raise ProofError(f"the key in {path} cannot be read: {error}") from error


def show(document: VerificationDocument, console: Console) -> None:
    """Print the result for people."""
    is_whole = document.verdict is not Verdict.DAMAGED
    faults = [damage for damage in document.damages if not damage.is_information]
    verdict = _VERDICTS.get(document.verdict, f"DAMAGED: {_count(len(faults), 'fault')}")
    console.print(Text(verdict, style="bold green" if is_whole else "bold red"))
    console.print(Text(_summary(document)), soft_wrap=True)
    if document.origins:
        console.print(_table(document.origins))
        _show_heads(document.origins, console)
        _show_logs(document.origins, console)
    _show_damages("Faults", faults, console)
    notices = [damage for damage in document.damages if damage.is_information]
    _show_damages("Not faults", notices, console)
    console.print(Text("\nWhat this shows", style="bold"))
    if not is_whole:
        console.print(Text("What is listed as a fault is not as it was written. Of the rest:"))
    for sentence in document.shown:
        console.print(Text(sentence))
    console.print(Text("\nWhat it cannot show", style="bold"))
    for sentence in document.not_shown:
        console.print(Text(sentence))


def _verify(archive: Path, trust: Trust) -> Verification:
    console = Console(stderr=True)
    if not console.is_terminal:
        return verify(archive, trust=trust)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Reading", total=None)
        return verify(
            archive,
            lambda done, total: progress.update(task, completed=done, total=total),
            trust,
        )


def _summary(document: VerificationDocument) -> str:
    parts = [
        _count(len(document.origins), "origin"),
        _count(document.segments, "segment"),
        _count(document.blocks, "block"),
        _count(document.events, "event"),
        decimal(document.stored_bytes),
    ]
    times = f", {document.first_time} to {document.last_time}" if document.first_time else ""
    return f"{document.archive}: {', '.join(parts)}{times}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _table(origins: Sequence[OriginDocument]) -> Table:
    table = Table("origin")
    for heading in ("segments", "blocks", "events", "size"):
        table.add_column(heading, justify="right")
    for heading in ("first event", "last event", "newest segment"):
        table.add_column(heading)
    for origin in origins:
        table.add_row(
            Text(origin.origin),
            f"{origin.segments:,}",
            f"{origin.blocks:,}",
            f"{origin.events:,}",
            decimal(origin.stored_bytes),
            _short(origin.first_time),
            _short(origin.last_time),
            "not sealed" if origin.is_open else "sealed",
        )
    return table


def _short(time: str | None) -> str:
    return "" if time is None else time[:19].replace("T", " ") + "Z"


def _show_heads(origins: Sequence[OriginDocument], console: Console) -> None:
    console.print(Text("Chain heads", style="bold"))
    for origin in origins:
        head = origin.head
        told = (
            f"{head.digest}  segment {head.segment}, block {head.block}, {origin.origin}"
            if head
            else f"none, {origin.origin}"
        )
        console.print(Text(told), soft_wrap=True)


def _show_logs(origins: Sequence[OriginDocument], console: Console) -> None:
    console.print(Text("Signed logs", style="bold"))
    for origin in origins:
        console.print(Text(f"{origin.origin}: {_told(origin.log)}"), soft_wrap=True)
        _show_timestamps(origin.log, console)


def _show_timestamps(log: LogDocument, console: Console) -> None:
    for each in log.timestamps[-TIMESTAMPS_SHOWN_MAX:]:
        event = "" if each.sequence is None else f" up to event {each.sequence}"
        told = f"  {_count(each.size, 'header')}{event} existed before {each.before}"
        console.print(Text(told), soft_wrap=True)
    if len(log.timestamps) > TIMESTAMPS_SHOWN_MAX:
        more = len(log.timestamps) - TIMESTAMPS_SHOWN_MAX
        console.print(Text(f"  {more:,} earlier; --json lists them all"))


def _told(log: LogDocument) -> str:
    if log.covered_sequence is None:
        return "none"
    whose = "as given" if log.is_root_key_given else "as found in the archive"
    told = [
        f"{log.name}, {_count(log.size, 'header')} up to event {log.covered_sequence}",
        f"{_count(log.keys, 'key')} certified by {log.root_key} ({whose})",
    ]
    if log.uncovered_events:
        told.append(f"{_count(log.uncovered_events, 'newer event')} not covered yet")
    told += [f"cosigned by {name} at {_short(at)}" for name, at in sorted(log.cosigned.items())]
    return "; ".join(told)


def _show_damages(title: str, damages: Sequence[DamageDocument], console: Console) -> None:
    if not damages:
        return
    console.print(Text(f"\n{title}", style="bold"))
    for number, damage in enumerate(damages[:DAMAGES_SHOWN_MAX], start=1):
        console.print(Text(f"{number}. {damage.kind}: {_place(damage)}"), soft_wrap=True)
        console.print(Text(f"   {damage.message}"), soft_wrap=True)
        console.print(Text(f"   What to do: {damage.remedy}"), soft_wrap=True)
    if len(damages) > DAMAGES_SHOWN_MAX:
        more = len(damages) - DAMAGES_SHOWN_MAX
        console.print(Text(f"{more:,} more; --json lists them all"))


def _place(damage: DamageDocument) -> str:
    parts = ["/".join(part for part in (damage.origin, damage.segment) if part)]
    parts.append(f"byte {damage.byte_offset}")
    if damage.block is not None:
        parts.append(f"block {damage.block}")
    if damage.first_sequence is not None:
        parts.append(f"events {damage.first_sequence} to {damage.last_sequence}")
    return ", ".join(parts)
