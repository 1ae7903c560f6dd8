"""Records in requests and answers, masked in place before anything is recorded or passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from gateway.apis.error_codes import ErrorCode
from gateway.apis.topics import reference
from gateway.evidence.event import EventKind, Masked
from gateway.masking.batches import EXPANDED_BYTES_MAX, mask_batches, stopped
from gateway.masking.errors import MaskError
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.apis.topics import TopicDirectory, TopicReference
    from gateway.evidence.event import Event
    from gateway.masking.batches import Masked as MaskedBatches
    from gateway.masking.rules import Plans
    from gateway.policy.mask_rule import MaskRule
    from gateway.wire.headers import RequestHeader
    from gateway.wire.readers import Body

FETCH_NEWER_FORMAT: Final = 4
"""From this version on a client reads record batches of format v2 (KIP-98)."""

NOTES_MAX: Final = 1_000
"""Partitions told of in one exchange row."""

Place = tuple[str | None, str | None, int | None]
"""A topic's name and id, as rows have them, and the partition."""


@dataclass(slots=True)
class Masking:
    """What was masked in one message, for its rows."""

    is_changed: bool = False
    undecodable: str | None = None
    """Why something was stopped, the first time."""
    _counts: dict[Place, list[tuple[Masked, ...]]] = field(default_factory=dict)
    _notes: list[dict[str, object]] = field(default_factory=list)

    def count(self, named: TopicReference, partition: int, masked: MaskedBatches | None) -> None:
        """Keep what was masked for the row of one partition, which a request may name twice."""
        counts = () if masked is None else sorted(masked.counts.items())
        place = (named.name, named.id_text, partition)
        found = tuple(Masked(name, method, number) for (name, method), number in counts)
        self._counts.setdefault(place, []).append(found)

    def note(self, named: TopicReference, partition: int, masked: MaskedBatches) -> None:
        """Keep what could not be masked."""
        self.undecodable = self.undecodable or masked.undecodable
        note: dict[str, object] = {
            "undecodable": masked.undecodable,
            "passed_undecoded": masked.passed_count or None,
            "cut_bytes": masked.cut_bytes or None,
        }
        told = {name: value for name, value in note.items() if value is not None}
        if told and len(self._notes) < NOTES_MAX:
            self._notes.append({"topic": named.name, "partition": partition, **told})

    def on(self, row: Event) -> Event:
        """Add to the next row about a partition what was masked in its records."""
        if row.kind not in {EventKind.PRODUCE, EventKind.DELIVERED}:
            return row
        counts = self._counts.get((row.topic, row.topic_id, row.partition))
        return replace(row, masked=counts.pop(0)) if counts else row

    @property
    def detail(self) -> dict[str, object]:
        """What the exchange row says of it: what could not be read, and why."""
        return {"masking": self._notes} if self._notes else {}


@dataclass(frozen=True, slots=True)
class Masker:
    """Masks the messages of one exchange by the rules of its decision."""

    plans: Plans
    topics: TopicDirectory
    rules: tuple[MaskRule, ...]
    header: RequestHeader

    def mask_request(self, body: Body) -> Masking:
        """Mask the records of a Produce; one that must not pass stops all of it."""
        masking = Masking()
        for topic in body["topic_data"]:
            named = reference(topic, self.topics)
            for partition in topic["partition_data"]:
                masked = self._mask(named, partition, partition["index"], masking)
                masking.count(named, partition["index"], masked)
        return masking

    def mask_answer(self, body: Body) -> Masking:
        """Mask the records of a Fetch or ShareFetch; a partition that must not pass is refused."""
        masking = Masking()
        for named, partition in _answered(body, self.topics):
            index = partition["partition_index"]
            masked = self._mask(named, partition, index, masking)
            if masked is not None and masked.undecodable:
                _refuse(partition)
            if partition["records"]:
                masking.count(named, index, masked)
        return masking

    def _mask(
        self, named: TopicReference, partition: Body, index: int, masking: Masking
    ) -> MaskedBatches | None:
        """Mask one partition's records where they lie, None where no rule is about them."""
        records = partition["records"]
        rules = self._rules_on(named)
        if not records or not rules:
            return None
        masked = self._masked(records, rules)
        if masked.records is not records:
            masking.is_changed = True
            partition["records"] = memoryview(masked.records)
        masking.note(named, index, masked)
        return masked

    def _masked(self, records: memoryview, rules: tuple[MaskRule, ...]) -> MaskedBatches:
        api_key = self.header.api_key
        is_older_fetch = self.header.api_version < FETCH_NEWER_FORMAT and api_key == ApiKey.FETCH
        try:
            plan = self.plans.plan(rules, api_key)
        except MaskError as error:
            return stopped(str(error))
        return mask_batches(
            records,
            plan,
            converts=api_key != ApiKey.PRODUCE and not is_older_fetch,
            expanded_bytes_max=EXPANDED_BYTES_MAX,
        )

    def _rules_on(self, named: TopicReference) -> tuple[MaskRule, ...]:
        """Choose the rules on a topic; one without a name may be any."""
        api_key, name = self.header.api_key, named.name
        return tuple(rule for rule in self.rules if name is None or rule.speaks_of(api_key, name))


def _answered(body: Body, topics: TopicDirectory) -> Iterator[tuple[TopicReference, Body]]:
    for topic in body["responses"]:
        named = reference(topic, topics)
        for partition in topic["partitions"]:
            yield named, partition


def delivered_topics(answer: Body, topics: TopicDirectory) -> frozenset[str | None]:
    """Tell which topics an answer has records of, None for one whose name is not known."""
    return frozenset(
        named.name for named, partition in _answered(answer, topics) if partition["records"]
    )


def withhold(answer: Body) -> Masking:
    """Take all records out of an answer that turns out to hold what is denied."""
    masking = Masking()
    for topic in answer["responses"]:
        for partition in topic["partitions"]:
            if partition["records"]:
                masking.is_changed = True
                partition["records"] = memoryview(b"")
                _refuse(partition)
    return masking


def _refuse(partition: Body) -> None:
    """Answer as a broker's authorizer does; a share group's member has acquired nothing then."""
    partition["error_code"] = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    if "acquired_records" in partition:
        partition["acquired_records"] = []
