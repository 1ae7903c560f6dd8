"""Columns that several tables have."""

from __future__ import annotations

from typing import Final

import polars as pl

from workbench.tables.schema import Column

TIME: Final = pl.Datetime("us", "UTC")
MASKED: Final = pl.List(
    pl.Struct({"field": pl.String, "method": pl.String, "count": pl.Int64}),
)
HEADERS: Final = pl.List(pl.Struct({"name": pl.String, "value": pl.Binary}))

PLACE: Final = (
    Column("origin", pl.String, "the gateway instance that recorded the row"),
    Column("sequence", pl.Int64, "the event's number in its origin: gapless, the order of the row"),
    Column("session", pl.String, "the connection"),
    Column("exchange", pl.Int64, "the request's number in its session, from 0"),
)
WHO: Final = (
    Column("principal", pl.String, "subject@issuer"),
    Column("issuer", pl.String, "who vouches for the subject"),
    Column("subject", pl.String, "the user or service as authenticated"),
    Column("client_id", pl.String, "what the client calls itself: its own claim"),
    Column("peer", pl.String, "the client's address and port"),
)
PARTITION: Final = (
    Column("topic", pl.String, "the topic's name; null if its id was never named"),
    Column("topic_id", pl.String, "the topic's id as Kafka prints it, where the request used ids"),
    Column("partition", pl.Int32, "the partition"),
)
DECIDED: Final = (
    Column("decision", pl.String, "what the gateway decided: allow, mask, hold or deny"),
    Column("rule_ids", pl.List(pl.String), "the rules that decided"),
)
