"""The exchanges by which a client says who and what it is, answered and recorded here.

Passwords pass through to CheckPassword and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.apis.detail import WITHHELD, to_json
from gateway.evidence.event import Event, EventKind
from gateway.policy.decision import DENIED
from gateway.session.authentication import MECHANISM, Authentication, Refused
from gateway.session.effects import CheckPassword
from gateway.session.pipeline import Exchange, Taken
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body

if TYPE_CHECKING:
    from gateway.session.options import SessionOptions
    from gateway.session.signals import Instant
    from gateway.session.stamp import Stamp
    from gateway.wire.readers import Body

SOFTWARE_CHARACTERS_MAX = 128
"""Client-supplied (KIP-511), so evidence of what a client says, at a length of our choice."""

AUTHENTICATION_FAILED = "authentication_failed"


class Login:
    """One connection's way to a principal."""

    __slots__ = ("_announced", "_software", "_stamp", "authentication")

    def __init__(self, options: SessionOptions, stamp: Stamp) -> None:
        self.authentication = Authentication(options)
        self._stamp = stamp
        self._software: dict[str, object] = {"software_name": None, "software_version": None}
        self._announced = False

    def note_software(self, body: Body) -> None:
        """Keep what an ApiVersions request says of the client's software."""
        for field in self._software:
            text = body.get(f"client_{field}")
            self._software[field] = text and text[:SOFTWARE_CHARACTERS_MAX]

    def announce_anonymous(self, now: Instant) -> list[Event]:
        """Make the one row that says who the client is where nobody is asked."""
        if self._announced or self.authentication.terminates:
            return []
        self._announced = True
        assert self.authentication.principal is not None, "where nobody is asked, all are somebody"
        self._stamp.principal = self.authentication.principal
        detail = {"mechanism": "none", **self._software}
        return [self._stamp.session_row(EventKind.SESSION_AUTHENTICATED, now, detail)]

    def take(self, exchange: Exchange, body: Body, now: Instant) -> Taken:
        """Take a SaslHandshake or a SaslAuthenticate."""
        assert exchange.header.api_key in {ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE}
        if exchange.header.api_key == ApiKey.SASL_HANDSHAKE:
            return self._shake_hands(exchange, body, now)
        outcome = self.authentication.read_message(bytes(body["auth_bytes"]))
        if isinstance(outcome, Refused):
            return Taken(rows=self._refuse(exchange, outcome, now), exchange=exchange)
        check = CheckPassword(outcome.username, outcome.password)
        return Taken(rows=[], exchange=exchange, check=check)

    def take_verdict(self, exchange: Exchange, now: Instant, *, accepted: bool) -> list[Event]:
        """Answer the SaslAuthenticate whose password was checked."""
        is_again = self.authentication.principal is not None
        outcome = self.authentication.take_verdict(now.monotonic_ns, accepted=accepted)
        if isinstance(outcome, Refused):
            return self._refuse(exchange, outcome, now)
        self._stamp.principal = outcome
        answer = _default_answer(exchange)
        if "session_lifetime_ms" in answer:
            answer["session_lifetime_ms"] = self.authentication.lifetime_ms
        exchange.answer(answer)
        detail = {"mechanism": MECHANISM, "reauthentication": is_again, **self._software}
        row = self._stamp.session_row(EventKind.SESSION_AUTHENTICATED, now, detail)
        return [row, self._row(exchange, {}, now)]

    def _shake_hands(self, exchange: Exchange, body: Body, now: Instant) -> Taken:
        refused = self.authentication.shake_hands(body["mechanism"], exchange.header.api_version)
        if refused is not None:
            return Taken(rows=self._refuse(exchange, refused, now), exchange=exchange)
        answer = _default_answer(exchange)
        answer["mechanisms"] = [MECHANISM]
        exchange.answer(answer)
        return Taken(
            rows=[self._row(exchange, {"mechanisms": [MECHANISM]}, now)], exchange=exchange
        )

    def _refuse(self, exchange: Exchange, refused: Refused, now: Instant) -> list[Event]:
        answer = _default_answer(exchange)
        answer["error_code"] = refused.error_code
        if "error_message" in answer:
            answer["error_message"] = refused.message
        if "mechanisms" in answer and self.authentication.terminates:
            answer["mechanisms"] = [MECHANISM]
        exchange.answer(answer, ending=AUTHENTICATION_FAILED)
        exchange.decision = DENIED
        detail = {"reason": refused.reason, "claimed": refused.username, **self._software}
        rejected = self._stamp.session_row(EventKind.SESSION_REJECTED, now, detail)
        row = self._row(exchange, {"error_message": refused.message}, now)
        return [rejected, replace(row, error_code=refused.error_code)]

    def _row(self, exchange: Exchange, response: dict[str, object], now: Instant) -> Event:
        is_handshake = exchange.header.api_key == ApiKey.SASL_HANDSHAKE
        request = {} if is_handshake else {"mechanism": MECHANISM, "auth_bytes": WITHHELD}
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
