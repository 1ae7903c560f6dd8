"""The exchanges by which a client says who and what it is, answered and recorded here.

Passwords and tokens pass through to CheckCredentials and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.apis.detail import WITHHELD, to_json
from gateway.evidence.event import Event, EventKind
from gateway.identity.certificate import read_certificate
from gateway.identity.mechanism import Challenge, Credentials
from gateway.identity.principal import ANONYMOUS
from gateway.policy.decision import DENIED
from gateway.session.authentication import Authentication, Refused
from gateway.session.effects import CheckCredentials
from gateway.session.pipeline import Exchange, Taken
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body

if TYPE_CHECKING:
    from gateway.identity.mechanism import Accepted, Verdict
    from gateway.session.options import Connection, SessionOptions
    from gateway.session.signals import Instant
    from gateway.session.stamp import Stamp
    from gateway.wire.readers import Body

SOFTWARE_CHARACTERS_MAX = 128
"""Client-supplied (KIP-511), so evidence of what a client says, at a length of our choice."""

AUTHENTICATION_FAILED = "authentication_failed"


class Login:
    """One connection's way to a principal."""

    __slots__ = (
        "_announced",
        "_is_rejection_told",
        "_software",
        "_stamp",
        "authentication",
        "certificate",
        "opening",
    )

    def __init__(self, options: SessionOptions, stamp: Stamp, connection: Connection) -> None:
        self.authentication = Authentication(options, connection.principal)
        self.certificate: dict[str, object] = {}
        """Which certificate the client showed, for the record; empty for none."""
        if connection.certificate is not None:
            self.certificate["certificate"] = read_certificate(connection.certificate).summary()
        self.opening = {"durability": options.durability, **self.certificate}
        """What is known as the connection is opened, for the record."""
        self._stamp = stamp
        self._software: dict[str, object] = {"software_name": None, "software_version": None}
        self._announced = False
        self._is_rejection_told = False

    def note_software(self, body: Body) -> None:
        """Keep what an ApiVersions request says of the client's software."""
        for field in self._software:
            text = body.get(f"client_{field}")
            self._software[field] = text and text[:SOFTWARE_CHARACTERS_MAX]

    def announce_anonymous(self, now: Instant) -> list[Event]:
        """Make the one row that says who the client is where nobody is asked by SASL."""
        if self._announced or self.authentication.terminates:
            return []
        self._announced = True
        assert self.authentication.principal is not None, "where nobody is asked, all are somebody"
        self._stamp.principal = self.authentication.principal
        is_anonymous = self.authentication.principal is ANONYMOUS
        mechanism = "none" if is_anonymous else "mtls"
        detail = {"mechanism": mechanism, **self.certificate, **self._software}
        return [self._stamp.session_row(EventKind.SESSION_AUTHENTICATED, now, detail)]

    def describe(self) -> dict[str, object]:
        """Say who the client is, as far as that is known."""
        return (
            self._stamp.describe() | self._software | {"mechanism": self.authentication.mechanism}
        )

    def take(self, exchange: Exchange, body: Body, now: Instant) -> Taken:
        """Take a SaslHandshake or a SaslAuthenticate."""
        assert exchange.header.api_key in {ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE}
        if exchange.header.api_key == ApiKey.SASL_HANDSHAKE:
            return self._shake_hands(exchange, body, now)
        step = self.authentication.read_message(bytes(body["auth_bytes"]), now)
        if isinstance(step, Credentials):
            return Taken(rows=[], exchange=exchange, check=CheckCredentials(step))
        return Taken(rows=self._carry_out(exchange, step, now), exchange=exchange)

    def take_verdict(self, exchange: Exchange, verdict: Verdict, now: Instant) -> list[Event]:
        """Answer the SaslAuthenticate whose credentials were checked."""
        step = self.authentication.take_verdict(verdict, now)
        return self._carry_out(exchange, step, now)

    def _carry_out(
        self, exchange: Exchange, step: Challenge | Accepted | Refused, now: Instant
    ) -> list[Event]:
        if isinstance(step, Refused):
            return self._refuse(exchange, step, now)
        answer = _default_answer(exchange)
        answer["auth_bytes"] = step.data
        rows = []
        if isinstance(step, Challenge):
            if step.rejected is not None:
                rows = [self._rejected_row(step.rejected.reason, step.rejected.claimed, now)]
                self._is_rejection_told = True
        else:
            rows = self._enter(step, now)
            if "session_lifetime_ms" in answer:
                answer["session_lifetime_ms"] = self.authentication.lifetime_ms
        exchange.answer(answer)
        return [*rows, self._row(exchange, {}, now)]

    def _enter(self, accepted: Accepted, now: Instant) -> list[Event]:
        before = self._stamp.principal
        self._stamp.principal = accepted.principal
        detail = {
            "mechanism": self.authentication.mechanism,
            "reauthentication": before is not None,
            **accepted.detail,
            **self.certificate,
            **self._software,
        }
        rows = [self._stamp.session_row(EventKind.SESSION_AUTHENTICATED, now, detail)]
        if before is not None and set(before.groups) != set(accepted.principal.groups):
            change = {"before": before.groups, "after": accepted.principal.groups}
            rows.append(self._stamp.session_row(EventKind.GROUPS_CHANGED, now, change))
        return rows

    def _shake_hands(self, exchange: Exchange, body: Body, now: Instant) -> Taken:
        version = exchange.header.api_version
        refused = self.authentication.shake_hands(body["mechanism"], version, now.monotonic_ns)
        if refused is not None:
            return Taken(rows=self._refuse(exchange, refused, now), exchange=exchange)
        answer = _default_answer(exchange)
        offered = self.authentication.offered
        answer["mechanisms"] = offered
        exchange.answer(answer)
        return Taken(rows=[self._row(exchange, {"mechanisms": offered}, now)], exchange=exchange)

    def _refuse(self, exchange: Exchange, refused: Refused, now: Instant) -> list[Event]:
        answer = _default_answer(exchange)
        answer["error_code"] = refused.error_code
        if "error_message" in answer:
            answer["error_message"] = refused.message
        if "mechanisms" in answer:
            answer["mechanisms"] = self.authentication.offered
        exchange.answer(answer, ending=AUTHENTICATION_FAILED)
        exchange.decision = DENIED
        row = self._row(exchange, {"error_message": refused.message}, now)
        row = replace(row, error_code=refused.error_code)
        if self._is_rejection_told:
            return [row]
        return [self._rejected_row(refused.reason, refused.username, now), row]

    def _rejected_row(self, reason: str, claimed: str | None, now: Instant) -> Event:
        detail = {"reason": reason, "claimed": claimed, **self._software}
        return self._stamp.session_row(EventKind.SESSION_REJECTED, now, detail)

    def _row(self, exchange: Exchange, response: dict[str, object], now: Instant) -> Event:
        is_handshake = exchange.header.api_key == ApiKey.SASL_HANDSHAKE
        mechanism = self.authentication.mechanism
        request = {} if is_handshake else {"mechanism": mechanism, "auth_bytes": WITHHELD}
        detail = {
            "request": request,
            "response": response,
            "elapsed_ns": now.monotonic_ns - exchange.began_ns,
        }
        template = self._stamp.exchange_template(now, exchange)
        return replace(template, error_code=0, detail=to_json(detail))


def _default_answer(exchange: Exchange) -> Body:
    header = exchange.header
    return default_body(header.api_key, header.api_version, response=True)
