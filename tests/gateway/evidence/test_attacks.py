"""Attacks on real archives: each is detected by an auditor with a witness, and the place is named.

The table is that of thirteen attacks which a hash chain alone lets pass. `alone` is what an auditor
with the root key sees, `witnessed` what one with the witness's last checkpoint sees as well.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import pytest
import zstandard

from gateway.evidence.block import CloseReason, encode_header
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.log.folder import CHECKPOINT, encode_root
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.signing import sign_note
from gateway.evidence.log.writer import LogWriter
from gateway.evidence.seekable import encode_seek_table, entry_of, skippable_entry
from gateway.evidence.stored import StoredBlock
from gateway.evidence.verify import verify
from gateway.evidence.walk import SegmentWalk
from tests.gateway.evidence.log.signed import (
    LOG,
    OTHER_ROOT,
    RECORDER,
    ROOT,
    START_S,
    Recorder,
    certificate,
    ed25519,
    ml_dsa,
    signing,
)
from tests.gateway.evidence.samples import segments_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.evidence.block import BlockHeader
    from gateway.evidence.log.note import Note
    from gateway.evidence.log.trust import Trust

NEW, STOLEN = ed25519(LOG, 4), ed25519(LOG, 66)


@dataclass(slots=True)
class Scene:
    """An honest archive, what the witness saw of it, and a place for forgeries."""

    honest: Recorder
    witnessed: Note
    folder: Path

    def copy(self, name: str = "shown") -> Recorder:
        """Copy the honest archive for somebody to alter."""
        folder = self.folder / name
        shutil.copytree(self.honest.archive, folder / "archive")
        shutil.copy(self.honest.folder / "signed-checkpoint", folder)
        return replace(self.honest, folder=folder, how=None)

    def forged(self, name: str = "forged") -> Recorder:
        """Begin an archive anew with the recorder's key, which was stolen."""
        return Recorder(self.folder / name, first_id=100)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Record three segments, still going on, cosigned to the end."""
    honest = Recorder(tmp_path / "honest")
    honest.record(2, 2, 2, reason=CloseReason.TIME)
    return Scene(honest, honest.cosign(), tmp_path)


def found(shown: Recorder, trust: Trust) -> list[Damage]:
    """Verify an archive and return everything that is told about it.

    But not by the list of files, of which these attackers do not know yet: the log tells by itself.
    """
    damages = verify(shown.archive, trust=trust).damages
    return [each for each in damages if each.kind is not DamageKind.LISTED]


def told(damages: list[Damage]) -> set[tuple[str, str, int | None]]:
    """Return the kinds and places."""
    return {(damage.kind.value, damage.segment, damage.block) for damage in damages}


def rechain(
    shown: Recorder, change: Callable[[BlockHeader, bytes], tuple[BlockHeader, bytes]]
) -> None:
    """Let blocks be other ones, and compute every hash that follows anew."""
    previous: str | None = None
    for path in segments_of(shown.archive):
        content, entries = b"", []
        for stored in blocks_of(path):
            header, frame = change(stored.header, stored.frame)
            header = msgspec.structs.replace(
                header,
                frame_bytes=len(frame),
                frame_sha256=hashlib.sha256(frame).hexdigest(),
                previous_sha256=previous or header.previous_sha256,
            )
            encoded = encode_header(header)
            previous = encoded.digest
            content += encoded.frame + frame
            entries += [skippable_entry(len(encoded.frame)), entry_of(frame, header.content_bytes)]
        path.write_bytes(content + encode_seek_table(entries))


def blocks_of(path: Path) -> list[StoredBlock]:
    """Return the headers and frames of a segment."""
    with path.open("rb") as file:
        walk = list(SegmentWalk(file, origin="", segment=path.name))
    return [item for item in walk if isinstance(item, StoredBlock)]


def flip(header: BlockHeader, frame: bytes) -> tuple[BlockHeader, bytes]:
    """Let the events of the fifth header's block be of another session."""
    if header.block != 5:
        return header, frame
    content = zstandard.decompress(frame).replace(b"session-1", b"session-2")
    compressor = zstandard.ZstdCompressor(write_checksum=True, write_content_size=True)
    return header, compressor.compress(content)


def test_the_honest_archive_is_whole(scene: Scene) -> None:
    """For an auditor with everything."""
    assert [] == found(scene.honest, scene.honest.trust(scene.witnessed))


def test_a_changed_byte_with_all_sums_computed_anew(scene: Scene) -> None:
    """Attack 1: nothing is wrong but the signature."""
    shown = scene.copy()
    rechain(shown, flip)

    damages = found(shown, shown.trust(is_witnessed=False))
    assert ("leaf", segments_of(shown.archive)[1].name, 5) == next(
        (each.kind.value, each.segment, each.block) for each in damages if each.kind == "leaf"
    )
    assert {"leaf", "missing"} == {each.kind.value for each in damages}


def test_a_deleted_segment_in_the_middle(scene: Scene) -> None:
    """Attack 2: the log still names it."""
    shown = scene.copy()
    segments_of(shown.archive)[1].unlink()

    damages = found(shown, shown.trust(is_witnessed=False))
    missing = next(each for each in damages if each.kind == "missing")
    assert 4 == missing.block
    assert "headers 4 to 7 are in the signed log and in no segment; segment 1, event 4" in (
        missing.message
    )


def test_the_newest_segments_deleted_and_an_older_head_shown(tmp_path: Path) -> None:
    """Attack 3: an honest recorder's own older state; silence tells alone, the witness for sure."""
    honest = Recorder(tmp_path / "honest")
    honest.record(2, reason=CloseReason.TIME)
    honest.cosign()
    scene = Scene(honest, honest.cosign(), tmp_path)
    shown = scene.copy()
    honest.record(2, 2, 2, reason=CloseReason.TIME)
    witnessed = honest.cosign()
    now = replace(shown, now_s=honest.now_s + 60)

    assert {"silence"} == {each.kind.value for each in found(shown, now.trust(is_witnessed=False))}
    assert ("witness", "log/checkpoint", None) in told(found(shown, now.trust(witnessed)))


def test_two_segments_swapped(scene: Scene) -> None:
    """Attack 4."""
    shown = scene.copy()
    first, second, _ = segments_of(shown.archive)
    aside = first.with_suffix(".aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)

    damages = found(shown, shown.trust(is_witnessed=False))
    assert ("name", first.name, 4) in told(damages)


def test_a_segment_of_another_gateway_spliced_in(scene: Scene) -> None:
    """Attack 5: signed by its own recorder, but not in this log."""
    other = Recorder(
        scene.folder / "other", how=signing(scene.folder / "other"), origin="gateway-2"
    )
    other.record(2, 2, 2)
    shown = scene.copy()
    place = segments_of(shown.archive)[1]
    place.write_bytes(segments_of(other.archive, "gateway-2")[1].read_bytes())

    damages = found(shown, shown.trust(is_witnessed=False))
    assert ("leaf", place.name, 4) in told(damages)


def test_a_forged_segment_appended_without_the_key(scene: Scene) -> None:
    """Attack 6: it is there, and no checkpoint covers it."""
    shown = scene.copy()
    log = {path: path.read_bytes() for path in shown.log.directory.rglob("*") if path.is_file()}
    shown.record(1)
    shutil.rmtree(shown.log.directory)
    for path, content in log.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    damages = found(shown, shown.trust(is_witnessed=False))
    assert {("uncovered", segments_of(shown.archive)[3].name, 12)} == told(damages)


@pytest.mark.parametrize("payload", ["rewritten", "second history"])
def test_a_history_rewritten_with_the_stolen_key(scene: Scene, payload: str) -> None:
    """Attacks 7 and 10: everything fits, but not what the witness saw."""
    forged = scene.forged(payload)
    forged.record(2, 2, 2, reason=CloseReason.TIME)
    rechain_all_signed(forged)

    assert [] == found(forged, forged.trust(is_witnessed=False))
    assert {("witness", "log/checkpoint", None)} == told(
        found(forged, forged.trust(scene.witnessed))
    )


def rechain_all_signed(forged: Recorder) -> None:
    """Replace an archive by one of the same key with other segment ids: another history."""
    shutil.rmtree(forged.archive)
    forged.folder.joinpath("signed-checkpoint").unlink()
    forged.now_s = forged.sequence = 0
    forged.record(2, 2, 2, reason=CloseReason.TIME)


def test_a_segment_dropped_and_all_renumbered_with_the_stolen_key(scene: Scene) -> None:
    """Attack 8: its time is missing, and the witness saw more."""
    forged = scene.forged()
    forged.record(2, reason=CloseReason.TIME)
    forged.record(2, reason=CloseReason.TIME, gap_s=100)

    assert {"silence"} == {
        each.kind.value for each in found(forged, forged.trust(is_witnessed=False))
    }
    assert ("witness", "log/checkpoint", None) in told(found(forged, forged.trust(scene.witnessed)))


def test_the_tail_cut_and_a_fresh_head_signed_with_the_stolen_key(scene: Scene) -> None:
    """Attack 9: it even says that recording ended."""
    forged = scene.forged()
    forged.record(2, 2)

    assert [] == found(forged, forged.trust(is_witnessed=False))
    assert {("witness", "log/checkpoint", None)} == told(
        found(forged, forged.trust(scene.witnessed))
    )


def test_a_segment_added_now_and_dated_back_with_the_stolen_key(scene: Scene) -> None:
    """Attack 11: the times look right."""
    forged = scene.forged()
    forged.record(2, 1, 1, 2, reason=CloseReason.TIME)

    assert [] == found(forged, forged.trust(is_witnessed=False))
    assert {("witness", "log/checkpoint", None)} == told(
        found(forged, forged.trust(scene.witnessed))
    )


def test_a_recorder_that_was_off_for_a_while(scene: Scene) -> None:
    """Attack 12: it lives for a minute at most without a word."""
    scene.honest.record(2, reason=CloseReason.TIME, gap_s=90)
    name = segments_of(scene.honest.archive)[3].name

    assert ("silence", name, 12) in told(
        found(scene.honest, scene.honest.trust(scene.honest.cosign()))
    )


def test_a_recorder_that_is_dead_while_its_last_head_is_shown(scene: Scene) -> None:
    """Attack 13: nothing newer came, and it did not say that it would stop."""
    later = replace(scene.honest, now_s=scene.honest.now_s + 300)
    name = segments_of(scene.honest.archive)[2].name

    assert {("silence", name, 11)} == told(found(scene.honest, later.trust(scene.witnessed)))


# Keys.


def test_a_key_that_hands_over_is_followed(scene: Scene) -> None:
    """The old one signed what it signed, the new one the rest."""
    honest = scene.honest
    honest.how = signing(honest.folder, NEW, previous=RECORDER)
    honest.record(1)
    verification = verify(honest.archive, trust=honest.trust(scene.witnessed, honest.cosign()))

    assert [] == verification.damages
    assert (RECORDER.public, NEW.public) == verification.origins[0].log.keys


def test_an_old_key_that_signs_on_after_the_change(scene: Scene) -> None:
    """A stolen one may be any old one."""
    shown = scene.honest
    shown.how = signing(shown.folder, NEW, previous=RECORDER)
    shown.record(1)
    note = decode_note(shown.log.read(CHECKPOINT))
    shown.log.write([(CHECKPOINT, sign_note(note.text, [RECORDER]).encode())])

    damages = found(shown, shown.trust(is_witnessed=False))
    assert {("checkpoint", "log/checkpoint", None)} == told(damages)
    assert "not signed by" in damages[0].message


def test_a_new_key_that_signs_what_was_before_it(scene: Scene) -> None:
    """A kept checkpoint is of its own time."""
    shown = scene.honest
    shown.how = signing(shown.folder, NEW, previous=RECORDER)
    shown.record(1)
    path = min(shown.log.directory.glob("checkpoints/*"))
    path.write_bytes(sign_note(decode_note(path.read_bytes()).text, [NEW]).encode())

    damages = found(shown, shown.trust(is_witnessed=False))
    assert {("checkpoint", f"log/checkpoints/{path.name}", None)} == told(damages)


def test_a_change_to_a_key_that_the_root_never_certified(scene: Scene) -> None:
    """The recorder's own signature is not enough: that is what thieves have."""
    shown = scene.honest
    shown.how = signing(
        shown.folder,
        STOLEN,
        previous=RECORDER,
        certificate=certificate(STOLEN, root=OTHER_ROOT),
        root=OTHER_ROOT.public,
    )
    shown.record(1)
    shown.log.write([("root", encode_root(ROOT.public))])

    damages = found(shown, shown.trust(is_witnessed=False))
    name = segments_of(shown.archive)[3].name
    assert ("key", name, 12) in told(damages)
    assert ("checkpoint", "log/checkpoint", None) in told(damages)


def test_a_change_without_the_old_key_stands_out(scene: Scene) -> None:
    """It may be lost; the root key alone vouches then, and that is said."""
    shown = scene.honest
    shown.how = signing(shown.folder, NEW, is_previous_lost=True)
    shown.record(1)

    name = segments_of(shown.archive)[3].name
    assert {("key_lost", name, 12)} == told(found(shown, shown.trust(is_witnessed=False)))


def test_a_change_of_key_that_is_played_again_elsewhere(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was made for one place in the log."""
    shown = scene.honest
    shown.how = signing(shown.folder, NEW, previous=RECORDER)
    change = LogWriter._change

    def replayed(self: LogWriter) -> object:
        self._tree.size += 1
        try:
            return change(self)
        finally:
            self._tree.size -= 1

    monkeypatch.setattr(LogWriter, "_change", replayed)
    shown.record(1)

    damages = found(shown, shown.trust(is_witnessed=False))
    assert ("key", segments_of(shown.archive)[3].name, 12) in told(damages)


def test_a_key_that_was_used_after_its_time(tmp_path: Path) -> None:
    """The certificate says until when."""
    late = signing(tmp_path)
    short = replace(late, certificate=certificate(*late.signers, before_s=START_S + 15))
    shown = Recorder(tmp_path, how=short)
    shown.record(2)

    first = segments_of(shown.archive)[0].name
    assert ("key", first, 2) in told(found(shown, shown.trust(is_witnessed=False)))


def test_everything_signed_anew_under_another_root(scene: Scene) -> None:
    """Whole in itself: only who knows the root key sees it."""
    forged = scene.forged()
    forged.how = signing(
        forged.folder,
        STOLEN,
        certificate=certificate(STOLEN, root=OTHER_ROOT),
        root=OTHER_ROOT.public,
    )
    forged.record(2, 2, 2)
    unaware = replace(forged.trust(is_witnessed=False), root=None)

    assert [] == found(forged, unaware)
    assert ("key", "log/root", None) in told(found(forged, forged.trust(is_witnessed=False)))


def test_a_log_taken_away(scene: Scene) -> None:
    """What remains is an archive that claims a log and has none."""
    shown = scene.copy()
    shutil.rmtree(shown.log.directory)

    assert ("checkpoint", "log/checkpoint", None) in told(
        found(shown, shown.trust(is_witnessed=False))
    )


def test_a_whole_origin_taken_away(scene: Scene) -> None:
    """The witness knows of its log."""
    shown = scene.copy()
    for path in shown.archive.joinpath(shown.origin).iterdir():
        if path.is_dir():
            shutil.rmtree(path)

    damages = found(shown, shown.trust(scene.witnessed))
    assert ("checkpoint", "log/checkpoint", None) in told(damages)


def test_a_checkpoint_that_a_witness_did_not_cosign(scene: Scene) -> None:
    """Every trusted witness must have."""
    shown = scene.copy()
    note = decode_note(shown.log.read(CHECKPOINT))
    shown.log.write([(CHECKPOINT, replace(note, signatures=note.signatures[:1]).encode())])

    assert {("witness", "log/checkpoint", None)} == told(found(shown, shown.trust()))


def test_two_algorithms_must_both_have_signed(tmp_path: Path) -> None:
    """The second signature is there for the day on which the first can be forged."""
    first, second = ed25519(LOG, 7), ml_dsa(LOG, 8)
    shown = Recorder(tmp_path, how=signing(tmp_path, first, second))
    shown.record(2)
    assert [] == found(shown, shown.trust(is_witnessed=False))

    note = decode_note(shown.log.read(CHECKPOINT))
    for kept in note.signatures:
        shown.log.write([(CHECKPOINT, replace(note, signatures=(kept,)).encode())])
        assert {("checkpoint", "log/checkpoint", None)} == told(
            found(shown, shown.trust(is_witnessed=False))
        )
