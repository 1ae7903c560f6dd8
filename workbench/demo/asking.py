"""The questions that the demo asks its archive, each with what the ground truth answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.demo.cast import INTRUDER_CLIENT_ID, STOLEN_ACCOUNT
from workbench.demo.payloads import CARD_FIELD
from workbench.questions.bulk_exports import bulk_exports
from workbench.questions.bypassing_writes import bypassing_writes
from workbench.questions.credential_use import credential_use
from workbench.questions.field_reads import did_principal_read_field
from workbench.questions.principal_reads import what_did_principal_read
from workbench.questions.received_from import who_received_from
from workbench.questions.refusals import what_was_refused
from workbench.questions.verdict import Answer, Proof
from workbench.questions.who_read import who_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.demo.cast import Topics
    from workbench.demo.truth import GroundTruth, Sighting
    from workbench.questions.verdict import Verdict
    from workbench.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with its verdict, and the facts in it beside those of the ground truth."""

    verdict: Verdict
    found: object
    expected: object

    @property
    def is_right(self) -> bool:
        """Whether the archive and the clients tell the same."""
        return self.found == self.expected


QUESTIONS = 9


def ask_all(tables: Tables, truth: GroundTruth, topics: Topics) -> Iterator[Asked]:
    """Ask every question, in the order in which an investigation would."""
    yield _was_credential_used(tables)
    yield _was_there_an_export(tables, truth)
    yield _did_the_cards_leak(tables, truth, topics)
    yield _what_was_read(tables, truth)
    yield _who_read(tables, truth, _first_stolen(truth))
    yield _who_read(tables, truth, truth.injected[0])
    yield _who_took_the_refund(tables, truth, topics)
    yield _was_anything_refused(tables, truth)
    yield _was_the_gateway_bypassed(tables, truth)


def _was_credential_used(tables: Tables) -> Asked:
    verdict = credential_use(tables, STOLEN_ACCOUNT)
    new = verdict.frame.filter(pl.col("new").list.len() > 0)
    return Asked(
        verdict=verdict,
        found=(verdict.answer, new["client_id"].to_list()),
        expected=(Answer.YES, [INTRUDER_CLIENT_ID]),
    )


def _was_there_an_export(tables: Tables, truth: GroundTruth) -> Asked:
    verdict = bulk_exports(tables)
    return Asked(
        verdict=verdict,
        found=(verdict.answer, set(verdict.frame["client_id"]), verdict.frame["records"].sum()),
        expected=(Answer.YES, {INTRUDER_CLIENT_ID}, len(_stolen(truth))),
    )


def _did_the_cards_leak(tables: Tables, truth: GroundTruth, topics: Topics) -> Asked:
    verdict = did_principal_read_field(tables, STOLEN_ACCOUNT, topics.payments, CARD_FIELD)
    clear = verdict.rows.filter(pl.col("state") == "clear", client_id=INTRUDER_CLIENT_ID)
    return Asked(
        verdict=verdict,
        found=(verdict.answer, verdict.proof, _places(clear)),
        expected=(Answer.YES, Proof.REPUBLISHED, {_place(each) for each in _stolen(truth)}),
    )


def _what_was_read(tables: Tables, truth: GroundTruth) -> Asked:
    verdict = what_did_principal_read(tables, STOLEN_ACCOUNT)
    received = [each for each in truth.received if each.subject == STOLEN_ACCOUNT]
    return Asked(
        verdict=verdict,
        found=(verdict.answer, verdict.frame["deliveries"].sum(), _places(verdict.rows)),
        expected=(Answer.YES, len(received), {_place(each) for each in received}),
    )


def _who_read(tables: Tables, truth: GroundTruth, record: Sighting) -> Asked:
    verdict = who_read(tables, record.topic, partition=record.partition, offset=record.offset)
    readers = {each.client_id for each in truth.received if _place(each) == _place(record)}
    return Asked(
        verdict=verdict,
        found=(verdict.answer, set(verdict.frame["client_id"])),
        expected=(Answer.YES, readers),
    )


def _who_took_the_refund(tables: Tables, truth: GroundTruth, topics: Topics) -> Asked:
    verdict = who_received_from(tables, STOLEN_ACCOUNT, topic=topics.payments)
    injected = {_place(each) for each in truth.injected}
    readers = {each.client_id for each in truth.received if _place(each) in injected}
    return Asked(
        verdict=verdict,
        found=(verdict.answer, _clients(tables, verdict.rows)),
        expected=(Answer.YES, readers),
    )


def _was_anything_refused(tables: Tables, truth: GroundTruth) -> Asked:
    verdict = what_was_refused(tables)
    requests = verdict.frame.filter(pl.col("principal").is_not_null())
    logins = verdict.frame.select(pl.col("claimed").explode().drop_nulls().sort())
    return Asked(
        verdict=verdict,
        found=(verdict.answer, requests["api"].to_list(), logins["claimed"].to_list()),
        expected=(
            Answer.YES,
            [each.api for each in truth.requests if each.is_refused],
            sorted(truth.failed_logins),
        ),
    )


def _was_the_gateway_bypassed(tables: Tables, truth: GroundTruth) -> Asked:
    verdict = bypassing_writes(tables)
    return Asked(
        verdict=verdict,
        found=(verdict.answer, _places(verdict.rows.filter(pl.col("state") == "bypassed"))),
        expected=(Answer.YES, {_place(each) for each in truth.bypassing}),
    )


def _clients(tables: Tables, rows: pl.LazyFrame) -> set[str]:
    """Name the clients of the sessions that are the readers in some rows."""
    sessions = tables.sessions.select("session", "client_id")
    readers = rows.select(session="reader_session").join(sessions, on="session")
    return set(readers.collect()["client_id"])


def _stolen(truth: GroundTruth) -> list[Sighting]:
    return [each for each in truth.received if each.client_id == INTRUDER_CLIENT_ID]


def _first_stolen(truth: GroundTruth) -> Sighting:
    return min(_stolen(truth), key=lambda each: (each.partition, each.offset))


def _place(record: Sighting) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _places(rows: pl.LazyFrame) -> set[tuple[str, int, int]]:
    return set(rows.select("topic", "partition", "offset").collect().iter_rows())
