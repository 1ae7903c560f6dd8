"""The columns that every row of a session carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.apis.detail import to_json
from gateway.evidence.event import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.identity.principal import Principal
    from gateway.session.options import Connection
    from gateway.session.pipeline import Exchange
    from gateway.session.signals import Instant


class Stamp:
    """Makes a session's events; it knows the principal from the moment that one is verified."""

    __slots__ = ("_connection", "client_id", "listener", "principal")

    def __init__(self, listener: str, connection: Connection) -> None:
        self.listener = listener
        self._connection = connection
        self.principal: Principal | None = None
        self.client_id: str | None = None
        """The newest one that the client gave; a request's own stands on the rows of that request.
        """

    def session_row(self, kind: EventKind, now: Instant, detail: Mapping[str, object]) -> Event:
        """Make a row about the session as a whole."""
        row = self._blank(kind, now)
        return replace(row, client_id=self.client_id, detail=to_json(detail))

    def describe(self) -> dict[str, object]:
        """Say whose session this is."""
        principal = self.principal
        return {
            "session": self._connection.session_id,
            "listener": self.listener,
            "peer": self._connection.peer,
            "node_id": self._connection.node_id,
            "issuer": None if principal is None else principal.issuer,
            "subject": None if principal is None else principal.subject,
            "groups": () if principal is None else principal.groups,
            "client_id": self.client_id,
        }

    def opening_row(self, now: Instant, detail: Mapping[str, object]) -> Event:
        """Make the row that begins a session, with the ends of its connection."""
        ends = {"local": self._connection.local, "tls": self._connection.tls}
        return self.session_row(EventKind.SESSION_OPEN, now, ends | dict(detail))

    @property
    def peer(self) -> str:
        """Where the client is, as "host:port"."""
        return self._connection.peer

    def exchange_template(self, now: Instant, exchange: Exchange) -> Event:
        """Make a row with what was decided, for its other columns to be filled in."""
        assert exchange.ordinal >= 0, "exchanges are numbered from 0"
        header = exchange.header
        return replace(
            self._blank(EventKind.EXCHANGE, now),
            client_id=header.client_id,
            exchange=exchange.ordinal,
            api_key=header.api_key,
            api_version=header.api_version,
            correlation_id=header.correlation_id,
            decision=exchange.decision.kind.value,
            rule_ids=exchange.decision.rule_ids,
            bundle_digest=exchange.decision.bundle_digest,
            approval_id=exchange.approval_id,
        )

    def unknown_row(self, now: Instant, exchange: Exchange, *, was_sent: bool) -> Event:
        """Make the row of an exchange whose outcome stays unknown."""
        detail = {
            "request": {} if exchange.recording is None else exchange.recording.asked,
            "response": "unknown" if was_sent else "not_forwarded",
            "elapsed_ns": now.monotonic_ns - exchange.began_ns,
        }
        return replace(self.exchange_template(now, exchange), detail=to_json(detail))

    def passing_template(self, now: Instant, exchange: Exchange) -> Event:
        """Make a row about what passed of an exchange, where some of it was refused."""
        row = self.exchange_template(now, exchange)
        passing = exchange.passing
        if passing is None:
            return row
        return replace(row, decision=passing.kind.value, rule_ids=passing.rule_ids)

    def _blank(self, kind: EventKind, now: Instant) -> Event:
        principal = self.principal
        return Event(
            kind=kind,
            wall_ns=now.wall_ns,
            monotonic_ns=now.monotonic_ns,
            session=self._connection.session_id,
            listener=self.listener,
            peer=self._connection.peer,
            node_id=self._connection.node_id,
            issuer=None if principal is None else principal.issuer,
            subject=None if principal is None else principal.subject,
            groups=() if principal is None else principal.groups,
        )
