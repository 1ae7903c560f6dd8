"""An authority is asked for its time while the log grows, and missed when it does not answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.log.authority import load_authority
from gateway.evidence.log.folder import CHECKPOINT, REPLY, STAMPED, TIMESTAMPS, timestamp_path
from gateway.evidence.log.trust import Trust
from gateway.evidence.verify import verify
from gateway.sealer import timestamping as module
from gateway.sealer.apart import sealer_command
from gateway.sealer.timestamping import Timestamping, TimestampOptions
from tests.gateway.evidence.log.openssl_ts import OpensslAuthority, Served, served
from tests.gateway.sealer.journals import event, options, record
from tests.gateway.witness.logs import GrowingLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3600.0
NOBODY = "http://127.0.0.1:1/tsr"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    """Make an authority."""
    return OpensslAuthority(tmp_path_factory.mktemp("tsa") / "here")


@pytest.fixture
def answering(authority: OpensslAuthority) -> Iterator[Served]:
    """Let it answer."""
    with served(authority) as state:
        yield state


def asking(log: GrowingLog, url: str, *, interval_seconds: float = HOUR) -> Timestamping:
    """Ask for a log."""
    return Timestamping(log.folder, TimestampOptions(url=url, interval_seconds=interval_seconds))


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Return the lines that were written."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def stamped(log: GrowingLog) -> list[str]:
    """List the files of timestamps."""
    return sorted(path.name for path in (log.folder.directory / TIMESTAMPS).glob("*"))


def test_what_is_new_is_stamped_once(
    tmp_path: Path,
    authority: OpensslAuthority,
    answering: Served,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And nothing is said of it; before there is a checkpoint there is nothing to ask for."""
    log = GrowingLog(tmp_path / "gateway")
    asked = asking(log, answering.url)
    asked.ask()
    for size in (3, 3, 5):
        log.grow(size)
        asked.ask()
    trusted = load_authority([authority.root])
    for size in (3, 5):
        content = log.folder.read(timestamp_path(size, STAMPED))
        assert trusted.check(log.folder.read(timestamp_path(size, REPLY)), content)

    assert log.folder.read(CHECKPOINT) == content
    assert 4 == len(stamped(log))
    assert 2 == len(answering.queries)
    assert [] == said(capsys)


def test_what_a_crash_left_without_its_timestamp_gets_one(
    tmp_path: Path, authority: OpensslAuthority, answering: Served
) -> None:
    """The checkpoint that lies there, not another one; then the newest."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    asked = asking(log, answering.url)
    asked.ask()
    (log.folder.directory / timestamp_path(3, REPLY)).unlink()
    (log.folder.directory / TIMESTAMPS / "notes.checkpoint").write_text("of somebody else")
    log.grow(4)
    asked.ask()
    reply = log.folder.read(timestamp_path(3, REPLY))

    assert load_authority([authority.root]).check(
        reply, log.folder.read(timestamp_path(3, STAMPED))
    )
    asked.ask()
    assert log.folder.read(timestamp_path(4, REPLY))


def test_an_authority_that_is_away_is_missed_and_noticed_again(
    tmp_path: Path,
    answering: Served,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once at first, then from time to time, and when it is back."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    asked = asking(log, NOBODY)
    asked.ask()
    asked.ask()
    (told,) = said(capsys)
    assert ("timestamp_missing", "error", NOBODY, 0) == (
        told["event"],
        told["level"],
        told["authority"],
        told["missing_seconds"],
    )
    assert [] == stamped(log)
    monkeypatch.setattr(module, "ALARM_SECONDS", 0.0)
    asked.ask()
    assert ["timestamp_missing"] == [line["event"] for line in said(capsys)]

    asked._options = TimestampOptions(url=answering.url, interval_seconds=HOUR)
    asked.ask()
    assert ["timestamp_back"] == [line["event"] for line in said(capsys)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((503, "text/plain", b"later"), "503"),
        ((200, "text/html", b"<p>welcome"), "text/html"),
        ((200, "application/timestamp-reply", b"nonsense"), "no timestamp"),
        ((200, "application/timestamp-reply", bytes.fromhex("30053003020100")), "holds none"),
        ((200, "application/timestamp-reply", b"x" * 200_000), "131073 bytes"),
    ],
)
def test_an_answer_that_is_no_timestamp_is_not_kept(
    tmp_path: Path,
    answering: Served,
    capsys: pytest.CaptureFixture[str],
    answer: tuple[int, str, bytes],
    reason: str,
) -> None:
    """Its reason is told."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    answering.answer = answer
    asking(log, answering.url).ask()
    (told,) = said(capsys)

    assert reason in str(told["reason"])
    assert [] == stamped(log)


def test_a_server_that_speaks_no_http_is_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The thread goes on: it will be asked again."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 mail.example.com ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        asking(log, f"http://127.0.0.1:{server.getsockname()[1]}/").ask()
        thread.join()

    assert ["timestamp_missing"] == [line["event"] for line in said(capsys)]


def test_a_restart_does_not_ask_more_often(tmp_path: Path, answering: Served) -> None:
    """When to ask follows from the newest timestamp, which tells when that was."""
    log = GrowingLog(tmp_path / "gateway")
    assert asking(log, NOBODY)._seconds_left() == 0
    log.grow(3)
    asking(log, answering.url).ask()
    newest = log.folder.directory / timestamp_path(3, REPLY)

    assert HOUR - 60 < asking(log, NOBODY)._seconds_left() <= HOUR
    for age, left in ((HOUR / 2, HOUR / 2), (2 * HOUR, 0), (-5 * HOUR, HOUR)):
        os.utime(newest, (time.time() - age,) * 2)
        assert left == pytest.approx(asking(log, NOBODY)._seconds_left(), abs=60)


def test_it_asks_by_itself_whenever_it_is_time(
    tmp_path: Path, answering: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a last time at the end, whenever that is."""
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    often = asking(log, answering.url, interval_seconds=0.05)
    often.start()
    for size in (4, 5):
        deadline = time.monotonic() + 20
        while len(answering.queries) < size - 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        log.grow(size)
    often.finish()

    assert f"{5:020d}{REPLY}" in stamped(log)
    asked = len(answering.queries)
    rarely = asking(log, answering.url)
    rarely.start()
    log.grow(9)
    time.sleep(0.2)
    assert asked == len(answering.queries)
    rarely.finish()
    assert f"{9:020d}{REPLY}" in stamped(log)


def test_a_sealer_ends_with_everything_stamped(
    tmp_path: Path, authority: OpensslAuthority, answering: Served
) -> None:
    """And whoever verifies the archive sees that all of it existed by then."""
    writer = record(tmp_path)
    writer.append([event(), event()])
    writer.close()
    stamps = TimestampOptions(url=answering.url, interval_seconds=HOUR)
    made = msgspec.structs.replace(options(tmp_path), timestamps=stamps)
    done = subprocess.run(
        sealer_command(made), stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    trust = Trust(authority=load_authority([authority.root]))
    found = verify(tmp_path / "archive", trust=trust)

    assert b"" == done.stderr
    assert [] == found.faults
    assert 1 == found.origins[0].log.timestamps[-1].sequence
