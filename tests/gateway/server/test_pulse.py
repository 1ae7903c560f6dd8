"""A recorder that has nothing to record says that it lives, and when its clock was set."""

from __future__ import annotations

from gateway.evidence.event import EventKind
from gateway.server.pulse import HEARTBEAT_NS, STEP_NS, Pulse
from gateway.session.signals import Instant

SECOND_NS = 1_000_000_000


def at(seconds: float, *, set_by_ns: int = 0) -> Instant:
    """Read the clocks; the wall clock may have been set."""
    passed = int(seconds * SECOND_NS)
    return Instant(1_790_000_000 * SECOND_NS + passed + set_by_ns, passed)


def test_a_heart_beats_while_nothing_else_is_recorded() -> None:
    """Not before its time; then again after as long."""
    pulse = Pulse(at(0))
    told = []
    count = 0
    for second in range(1, 120):
        for event in pulse.look(at(second), count):
            told.append((second, event.kind))
            count += 1

    wait = HEARTBEAT_NS // SECOND_NS
    assert [(wait, EventKind.HEARTBEAT), (2 * wait + 1, EventKind.HEARTBEAT)] == told


def test_events_take_the_place_of_heartbeats() -> None:
    """A busy recorder is heard anyway."""
    pulse = Pulse(at(0))

    assert [] == [event for second in range(200) for event in pulse.look(at(second), second // 20)]


def test_a_set_clock_is_told_with_how_far() -> None:
    """Forward or back, once each; a clock that is slewed is not set."""
    pulse = Pulse(at(0))
    assert [] == pulse.look(at(1, set_by_ns=STEP_NS - 1), 1)
    (forward,) = pulse.look(at(2, set_by_ns=2 * STEP_NS), 2)
    (back,) = pulse.look(at(3), 3)

    assert (EventKind.CLOCK_STEP, f'{{"step_ns":{STEP_NS + 1}}}') == (forward.kind, forward.detail)
    assert f'{{"step_ns":{-2 * STEP_NS}}}' == back.detail
    assert [] == pulse.look(at(4), 4)
