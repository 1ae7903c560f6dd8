"""The ground truth counts what clients did and survives its file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.demo.truth import GroundTruth, Request, Sighting, fingerprint, load_truth

if TYPE_CHECKING:
    from pathlib import Path

SENT = Sighting(
    subject="orders",
    client_id="orders-1",
    topic="orders",
    partition=0,
    offset=7,
    key=None,
    value_sha256=fingerprint(b"value"),
)
RECEIVED = replace(SENT, subject="payments", client_id="payments-1")


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Every list comes back, in order and of its type."""
    truth = GroundTruth(
        sent=[SENT, SENT],
        received=[RECEIVED],
        bypassing=[replace(SENT, subject="")],
        injected=[SENT],
        requests=[
            Request(
                subject="a", client_id="b", api="CREATE_TOPICS", topics=("x", "y"), is_refused=True
            )
        ],
        failed_logins=["admin"],
    )
    truth.save(tmp_path / "truth.json")

    assert truth == load_truth(tmp_path / "truth.json")


def test_what_is_written_counts_past_the_gateway_too() -> None:
    """A topic holds what went through the gateway and what did not."""
    truth = GroundTruth(sent=[SENT, replace(SENT, topic="other")], bypassing=[SENT])

    assert truth.written("orders") == 2


def test_what_is_received_counts_for_one_client() -> None:
    """Two clients of one account are told apart."""
    truth = GroundTruth(received=[RECEIVED, replace(RECEIVED, client_id="rdkafka")])

    assert truth.received_by("payments-1", "orders") == 1


def test_no_value_is_not_an_empty_value() -> None:
    """A tombstone has no fingerprint."""
    assert fingerprint(None) == ""
    assert fingerprint(b"") != ""
