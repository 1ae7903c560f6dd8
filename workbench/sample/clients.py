"""The clients of the sample: what they do, and the events that a gateway records of it.

The events are those of gateway.session and gateway.apis to the last key of their detail; a test of
this module compares them with what the real session makes of the same conversation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from gateway.evidence.event import Event, EventKind, Extent
from gateway.wire.api_keys import ApiKey
from workbench.sample.messages import (
    OFFERED,
    VERSIONS,
    Detail,
    commit_exchange,
    delivered_columns,
    fetch_request,
    place_columns,
)
from workbench.sample.recorder import monotonic, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.sample.cluster import Batch, Partition
    from workbench.sample.messages import Delivery
    from workbench.sample.recorder import Recorder

LISTENER: Final = "clients"
ISSUER: Final = f"gateway:{LISTENER}"
OPENED: Final = {"local": "10.20.0.5:9092", "tls": None, "durability": "written"}
NODE_ID: Final = 1

PASSWORD_APIS: Final = ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE
SASL_AUTHENTICATION_FAILED: Final = 58
TOPIC_AUTHORIZATION_FAILED: Final = 29
_ANSWER_MS: Final = 4
_FRAME_BYTES: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What connects: a program with a credential on a host."""

    subject: str
    client_id: str
    host: str
    software_name: str = "apache-kafka-java"
    software_version: str = "4.1.0"

    @property
    def software(self) -> Detail:
        """What it says of its client library."""
        return {"software_name": self.software_name, "software_version": self.software_version}


@dataclass(slots=True)
class Client:
    """One connection."""

    recorder: Recorder
    program: Program
    session: str
    port: int
    exchange_count: int = 0
    subject: str | None = None
    byte_counts: dict[str, int] = field(default_factory=lambda: {"from": 0, "to": 0})

    @property
    def peer(self) -> str:
        """The client's end of the connection."""
        return f"{self.program.host}:{self.port}"

    def connect(self) -> None:
        """Open the connection, say what software it is, and shake hands."""
        opened = self._row(EventKind.SESSION_OPEN)
        self.recorder.add(replace(opened, client_id=None, detail=to_json(OPENED)))
        announced = {f"client_{name}": value for name, value in self.program.software.items()}
        self._exchange(ApiKey.API_VERSIONS, announced, OFFERED)
        self._exchange(ApiKey.SASL_HANDSHAKE, {}, {"mechanisms": ["PLAIN"]})

    def log_in(self) -> None:
        """Present the right password."""
        self.subject = self.program.subject
        detail = {"mechanism": "PLAIN", "reauthentication": False, **self.program.software}
        self.recorder.add(
            replace(self._row(EventKind.SESSION_AUTHENTICATED), detail=to_json(detail))
        )
        self._exchange(ApiKey.SASL_AUTHENTICATE, _PASSWORD, {})

    def fail_to_log_in(self, claimed: str) -> None:
        """Present a wrong password, which ends the connection."""
        detail = {
            "reason": "wrong user or password",
            "claimed": claimed,
            **self.program.software,
        }
        self.recorder.add(replace(self._row(EventKind.SESSION_REJECTED), detail=to_json(detail)))
        message = "Authentication failed: invalid user name or password"
        row = self._exchange_row(ApiKey.SASL_AUTHENTICATE, _PASSWORD, {"error_message": message})
        self.recorder.add(replace(row, error_code=SASL_AUTHENTICATION_FAILED, decision="deny"))
        self.close("authentication_failed")

    def ask(
        self,
        api: ApiKey,
        request: Detail,
        response: Detail,
        *,
        is_change: bool = False,
    ) -> None:
        """Send any other request and get its answer."""
        if is_change:
            template = self._template(api, EventKind.INTENT)
            self.recorder.add(replace(template, detail=to_json({"request": request})))
        self._exchange(api, request, response)

    def be_refused(self, api: ApiKey, request: Detail, rule_id: str) -> None:
        """Send a request that a rule forbids."""
        template = self._template(api)
        detail = {"request": request, "response": "refused", "elapsed_ns": 0}
        self.recorder.add(
            replace(
                template,
                decision="deny",
                rule_ids=(rule_id,),
                error_code=TOPIC_AUTHORIZATION_FAILED,
                detail=to_json(detail),
            )
        )
        self.exchange_count += 1

    def produce(
        self, partition: Partition, sent: bytes, batch: Batch, *, acks: int = -1, txn: str = ""
    ) -> None:
        """Send one batch, which became `batch` in the log."""
        count = batch.record_count
        row = replace(
            self._template(ApiKey.PRODUCE, EventKind.PRODUCE),
            **place_columns(partition),
            record_count=count,
            byte_count=len(sent),
            extents=(Extent(0, count - 1, count, len(sent)),),
            payload=memoryview(sent),
        )
        self.recorder.add(row)
        self.byte_counts["from"] += len(sent)
        asked: Detail = {
            "transactional_id": txn or None,
            "acks": acks,
            "timeout_ms": 30_000,
            "partition_count": 1,
        }
        if acks == 0:
            detail = {"request": asked, "response": "none", "elapsed_ns": 0}
            template = self._template(ApiKey.PRODUCE)
            self.recorder.add(replace(template, error_code=0, detail=to_json(detail)))
            self.exchange_count += 1
            return
        self.recorder.wait(_ANSWER_MS)
        answered = replace(
            self._template(ApiKey.PRODUCE, EventKind.PRODUCED),
            **place_columns(partition),
            first_offset=batch.first_offset,
            last_offset=batch.last_offset,
            record_count=count,
            error_code=0,
        )
        self.recorder.add(answered)
        self._exchange(ApiKey.PRODUCE, asked, {"throttle_time_ms": 0})

    def fetch(self, deliveries: Sequence[Delivery]) -> None:
        """Ask for records, and get what the deliveries hold."""
        self.recorder.wait(_ANSWER_MS)
        for delivery in deliveries:
            if delivery.batches:
                self._receive(delivery)
        answer: Detail = {"throttle_time_ms": 0, "session_id": 0}
        self._exchange(ApiKey.FETCH, fetch_request(deliveries), answer)

    def commit(self, group_id: str, offsets: dict[Partition, int]) -> None:
        """Commit offsets for a group."""
        member_id = f"{self.program.client_id}-1"
        request, response = commit_exchange(group_id, member_id, offsets)
        self.ask(ApiKey.OFFSET_COMMIT, request, response, is_change=True)

    def close(self, reason: str = "client_closed") -> None:
        """End the connection."""
        detail = {
            "reason": reason,
            "message": None,
            "exchange_count": self.exchange_count,
            "bytes_from_client": self.byte_counts["from"],
            "bytes_to_client": self.byte_counts["to"],
            "bytes_from_broker": self.byte_counts["to"],
            "bytes_to_broker": self.byte_counts["from"],
            "bytes_not_sent_to_broker": 0,
            "frames_not_taken": 0,
            "bytes_of_cut_frame": 0,
        }
        self.recorder.add(replace(self._row(EventKind.SESSION_CLOSE), detail=to_json(detail)))

    def _receive(self, delivery: Delivery) -> None:
        template = self._template(ApiKey.FETCH, EventKind.DELIVERED)
        row = replace(template, **delivered_columns(delivery))
        self.recorder.add(row)
        self.byte_counts["to"] += row.byte_count or 0

    def _exchange(self, api: ApiKey, request: Detail, response: Detail) -> None:
        self.recorder.add(self._exchange_row(api, request, response))

    def _exchange_row(self, api: ApiKey, request: Detail, response: Detail) -> Event:
        elapsed_ns = 0 if api in PASSWORD_APIS else _ANSWER_MS * 1_000_000
        detail = {"request": request, "response": response, "elapsed_ns": elapsed_ns}
        row = replace(self._template(api), error_code=0, detail=to_json(detail))
        self.exchange_count += 1
        for side in self.byte_counts:
            self.byte_counts[side] += _FRAME_BYTES
        return row

    def _template(self, api: ApiKey, kind: EventKind = EventKind.EXCHANGE) -> Event:
        return replace(
            self._row(kind),
            exchange=self.exchange_count,
            api_key=int(api),
            api_version=VERSIONS[api],
            correlation_id=self.exchange_count + 1,
            decision="allow",
        )

    def _row(self, kind: EventKind) -> Event:
        now = self.recorder.now_ns()
        return Event(
            kind=kind,
            wall_ns=now,
            monotonic_ns=monotonic(now),
            session=self.session,
            listener=LISTENER,
            peer=self.peer,
            node_id=NODE_ID,
            issuer=None if self.subject is None else ISSUER,
            subject=self.subject,
            client_id=self.program.client_id,
        )


_PASSWORD: Final[Detail] = {"mechanism": "PLAIN", "auth_bytes": "<withheld>"}
