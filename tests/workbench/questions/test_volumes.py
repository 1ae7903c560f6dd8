"""Volumes are added up for each reader, and set beside what others were given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tests.workbench.frames import Frames, at
from workbench.questions.names import host
from workbench.questions.volumes import (
    BulkThresholds,
    candidates_of,
    compared,
    given_again,
    usual_of,
    windows_of,
)

if TYPE_CHECKING:
    from workbench.tables import Tables

SMALL = BulkThresholds(window="10s", records_min=20, factor=5.0, again_min=15)


def recorded() -> Frames:
    """Let two clients of one principal and one of another read."""
    frames = Frames()
    frames.connect("a", "billing", client_id="a")
    frames.connect("b", "billing", client_id="b")
    frames.connect("c", "shop", client_id="c")
    frames.give("a", "orders", 0, ["x"] * 10, 1)
    frames.give("a", "orders", 10, ["x"] * 15, 9)
    frames.give("b", "orders", 0, ["x"] * 4, 12)
    frames.give("b", "orders", 4, ["x"] * 2, 25)
    frames.give("c", "orders", 0, ["x"] * 7, 31)
    return frames


def by_client(tables: Tables) -> pl.LazyFrame:
    """Tell readers apart by principal, address and client id."""
    return tables.delivered.with_columns(host=host(), client=pl.col("client_id"))


def test_a_window_holds_what_a_reader_was_given_in_it() -> None:
    """From one full ten seconds to the next."""
    windows = windows_of(by_client(recorded().tables), SMALL).sort("window").collect()

    assert [
        ("a", at(0), 25, 2_500),
        ("b", at(10), 4, 400),
        ("b", at(20), 2, 200),
        ("c", at(30), 7, 700),
    ] == windows.select("client", "window", "record_count", "byte_count").rows()


def test_only_readers_of_much_are_candidates() -> None:
    """The others are what they are compared with."""
    delivered = by_client(recorded().tables)
    candidates = candidates_of(delivered, windows_of(delivered, SMALL), SMALL).collect()

    assert [("a", 25, 25, 1)] == candidates.select(
        "client", "records", "peak_records", "connections"
    ).rows()


def test_usual_is_what_others_were_given() -> None:
    """Those of the same principal where there are any, else everybody."""
    delivered = by_client(recorded().tables)
    windows = windows_of(delivered, SMALL)
    everyone = delivered.select("principal", "host", "client").unique()
    usual = usual_of(everyone, windows).sort("client").collect()

    assert [
        ("a", 3.0, "principal"),
        ("b", 25.0, "principal"),
        ("c", 4.0, "everybody"),
    ] == usual.select("client", "usual_records", "usual_of").rows()


def test_given_again_counts_what_earlier_connections_of_the_principal_were_given() -> None:
    """Not what another principal was given."""
    delivered = by_client(recorded().tables)
    everyone = delivered.select("principal", "host", "client").unique()

    assert [("b", 6)] == given_again(everyone, delivered).filter(pl.col("again") > 0).select(
        "client", "again"
    ).collect().rows()


def test_readers_are_compared_once_each() -> None:
    """With their strongest signals."""
    found = compared(by_client(recorded().tables), SMALL)

    assert [("a", 25 / 3, ["volume"])] == found.select("client", "factor", "signals").rows()
