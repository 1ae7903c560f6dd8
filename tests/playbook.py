"""Conversations with a session as scripts: `>> signal << effect`, read from top to bottom.

    play = Playbook(session)
    (
        play
        >> ClientConnected()
        << row(EventKind.SESSION_OPEN)
        >> ClientBytes(request)
        << ConnectBroker()
    )
    play.finish()

Each `>>` says a signal to the session, each `<<` takes the next effect and compares it. A signal
while effects are left over, a wrong effect, and a script that is never finished all fail, with what
was expected beside what came.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.session.effects import Record
from gateway.session.signals import Instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.evidence.event import Event, EventKind
    from gateway.session.effects import Effect
    from gateway.session.session import Session
    from gateway.session.signals import Signal

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """What a recorded event must say; columns that are not named may hold anything.

    A named `detail` is compared by its own keys in the same way, at every depth.
    """

    kind: EventKind
    columns: Mapping[str, object] = field(default_factory=dict)

    def matches(self, effect: Effect) -> bool:
        """Say whether an effect records such an event."""
        return isinstance(effect, Record) and not self.differences(effect.event)

    def differences(self, event: Event) -> dict[str, object]:
        """Give the columns that say something else, as they are."""
        found: dict[str, object] = {} if event.kind == self.kind else {"kind": event.kind}
        for column, expected in self.columns.items():
            value = getattr(event, column)
            if column == "detail" and isinstance(value, str):
                value = json.loads(value)
            if not _includes(value, expected):
                found[column] = value
        return found


def row(kind: EventKind, **columns: object) -> Row:
    """Expect a recorded event of this kind with these columns."""
    return Row(kind, columns)


class Playbook:
    """One session, spoken to in a script; its clock advances one second with each signal."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.now = Instant(wall_ns=1_700_000_000 * SECOND_NS, monotonic_ns=SECOND_NS)
        self.effects: deque[Effect] = deque()
        self.seen: list[Effect] = []
        self.is_finished = False

    def __rshift__(self, signal: Signal) -> Playbook:
        self._expect_nothing(f"before {signal}")
        self.advance(SECOND_NS)
        self.effects.extend(self.session.handle(signal, self.now))
        return self

    def __lshift__(self, expected: Effect | Row) -> Playbook:
        if not self.effects:
            raise AssertionError(f"expected {expected}\nbut nothing more came; {self._history()}")
        effect = self.effects.popleft()
        self.seen.append(effect)
        matches = expected.matches(effect) if isinstance(expected, Row) else expected == effect
        if not matches:
            raise AssertionError(f"expected {expected}\nbut {_story(expected, effect)}")
        return self

    def advance(self, passed_ns: int) -> None:
        """Let time pass between two signals."""
        self.now = Instant(self.now.wall_ns + passed_ns, self.now.monotonic_ns + passed_ns)

    def take(self) -> Effect:
        """Take the next effect to look at it, as `<<` would."""
        assert self.effects, f"nothing more came; {self._history()}"
        effect = self.effects.popleft()
        self.seen.append(effect)
        return effect

    def take_all(self) -> list[Effect]:
        """Take all effects that are left."""
        return [self.take() for _ in range(len(self.effects))]

    def finish(self) -> None:
        """End the script; nothing may be left over."""
        self._expect_nothing("at the end")
        self.is_finished = True

    def _expect_nothing(self, when: str) -> None:
        left = "\n  ".join(map(repr, self.effects))
        assert not self.effects, f"{when} these effects were not expected:\n  {left}"

    def _history(self) -> str:
        return f"so far: {[type(effect).__name__ for effect in self.seen]}"


def _story(expected: Effect | Row, effect: Effect) -> str:
    if isinstance(expected, Row) and isinstance(effect, Record):
        return f"the {effect.event.kind} row differs in {expected.differences(effect.event)}"
    return f"came {effect}"


def _includes(value: object, expected: object) -> bool:
    if isinstance(expected, dict) and isinstance(value, dict):
        return all(key in value and _includes(value[key], expected[key]) for key in expected)
    if isinstance(expected, list) and isinstance(value, list):
        return len(value) == len(expected) and all(map(_includes, value, expected))
    return value == expected
