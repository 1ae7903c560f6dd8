"""A disk that fills: traffic goes down the ladder and up again, and nothing promised is lost."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from gateway.wire.api_keys import ApiKey
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Options, running_gateway
from tests.kafka.load import ACKNOWLEDGED, RECEIVED, Load
from tests.kafka.raw import RawClient, address_of
from tests.kafka.truth import create_topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kafka.cluster import Cluster

MIB = 1 << 20
LIMITS = {
    "disk_warn_bytes": 60 * MIB,
    "disk_refuse_sessions_bytes": 50 * MIB,
    "disk_refuse_changes_bytes": 40 * MIB,
    "disk_stop_bytes": 20 * MIB,
    "ballast_bytes": 4 * MIB,
    "journal_file_bytes": MIB,
    "frame_bytes_max": 2 * MIB,
    "journal_bytes_max": 64 * MIB,
}


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system in memory with 128 MiB."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        # Lazily: after a failure a sealer may still be at work there.
        subprocess.run(["umount", "--lazy", folder], check=True)


class Filler:
    """Somebody else's file on the same disk."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._path = disk / "filler"

    def leave(self, free_bytes: int) -> None:
        """Grow until only so much is free."""
        # The last write of a disk that is filled to the brim fails.
        with self._path.open("ab", buffering=0) as file, suppress(OSError):
            while (room := os.statvfs(self._disk)).f_bavail * room.f_frsize > free_bytes:
                file.write(bytes(64 * 1024))

    def vanish(self) -> None:
        """Give all of it back."""
        self._path.unlink()


def is_let_in(bootstrap: str) -> bool:
    """Tell whether a new client gets an answer."""
    try:
        with RawClient(address_of(bootstrap)) as client:
            client.send(ApiKey.API_VERSIONS, 0)
            return bool(client.receive())
    except ConnectionError:
        return False


@pytest.mark.timeout(300)
def test_a_disk_that_fills_stops_traffic_before_evidence_is_lost(
    kafka: Cluster, tmp_path: Path, prefix: str
) -> None:
    """Each rung lets less, and with room all goes on: every acknowledged record is on record."""
    topic = f"{prefix}-full"
    create_topic(kafka.bootstrap, topic, 2)
    with small_disk(tmp_path / "disk") as disk:
        filler = Filler(disk)
        with (
            running_gateway(disk / "gateway", kafka, Options(limits=LIMITS)) as gateway,
            Load(gateway.bootstrap, topic, tmp_path / "load.log") as load,
        ):
            load.wait_for_progress()
            filler.leave(58 * MIB)
            gateway.wait_for("traffic_level")
            load.wait_for_progress()
            filler.leave(48 * MIB)
            gateway.wait_for("traffic_level", times=2)
            assert not is_let_in(gateway.bootstrap)
            load.wait_for_progress()
            filler.leave(36 * MIB)
            gateway.wait_for("traffic_level", times=3)
            time.sleep(2)
            stuck = len(load.logged(ACKNOWLEDGED))
            time.sleep(2)
            assert stuck == len(load.logged(ACKNOWLEDGED))
            filler.leave(15 * MIB)
            gateway.wait_for("traffic_level", times=4)
            assert not is_let_in(gateway.bootstrap)
            # The ballast was released into what is left; now it is the other's, but for a little.
            filler.leave(2 * MIB)
            time.sleep(2)
            filler.vanish()
            gateway.wait_for("traffic_level", times=5)
            load.wait_for_progress()
        acknowledged, received = (set(load.logged(word)) for word in (ACKNOWLEDGED, RECEIVED))
        evidence = Evidence(gateway.archive)
        produced = {(r.partition, r.offset, r.value) for r in evidence.produced(topic)}
        read = {
            (e.record.partition, e.record.offset, e.record.value) for e in evidence.reads(topic)
        }
        levels = [line["traffic"] for line in gateway.lines("traffic_level")]
        kinds = evidence.kinds()
        faults = evidence.faults()

    assert ["warned", "no_sessions", "no_changes", "stopped", "open"] == levels
    assert 5 == kinds["traffic_level"]
    assert kinds["session_open"] == kinds["session_close"]
    assert {fault.partition(":")[0] for fault in faults} <= {"outcome_unknown"}
    assert set() == acknowledged - produced
    assert set() == received - read


@pytest.mark.timeout(300)
def test_an_archive_that_is_full_stops_traffic_by_way_of_the_journal(
    kafka: Cluster, tmp_path: Path, prefix: str
) -> None:
    """Also without the ladder: the sealer dies of it, the journal grows, and nothing is lost."""
    topic = f"{prefix}-archive"
    create_topic(kafka.bootstrap, topic, 2)
    small_journal = {"journal_file_bytes": MIB, "journal_bytes_max": 8 * MIB}
    limits = {name: 0 for name in LIMITS if name.startswith("disk")} | small_journal
    limits["frame_bytes_max"] = MIB
    with small_disk(tmp_path / "gateway" / "archive") as disk:
        filler = Filler(disk)
        with (
            running_gateway(tmp_path / "gateway", kafka, Options(limits=limits)) as gateway,
            Load(gateway.bootstrap, topic, tmp_path / "load.log") as load,
        ):
            load.wait_for_progress()
            filler.leave(0)
            gateway.wait_for("sealer_failed")
            gateway.wait_for("recording_stopped")
            assert not is_let_in(gateway.bootstrap)
            filler.vanish()
            gateway.wait_for("recording_resumed")
            load.wait_for_progress()
        acknowledged, received = (set(load.logged(word)) for word in (ACKNOWLEDGED, RECEIVED))
        evidence = Evidence(gateway.archive)
        produced = {(r.partition, r.offset, r.value) for r in evidence.produced(topic)}
        read = {
            (e.record.partition, e.record.offset, e.record.value) for e in evidence.reads(topic)
        }
        faults = evidence.faults()

    assert {fault.partition(":")[0] for fault in faults} <= {"outcome_unknown"}
    assert set() == acknowledged - produced
    assert set() == received - read
