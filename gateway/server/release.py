"""The release: a session's effects in order, each when what it follows is recorded as promised."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gateway.session import effects as do

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.evidence.durability import Durability
    from gateway.server.recorder import Recorder


class Release:
    """Records at once, and holds back the rest while the journal is not as durable as promised.

    `went_on` is called when something that was held may have been performed.
    """

    def __init__(
        self,
        recorder: Recorder,
        durability: Durability,
        perform: Callable[[do.Effect], None],
        went_on: Callable[[], None],
    ) -> None:
        self.held_bytes = 0
        """How much waits to be sent to either side."""
        self._recorder = recorder
        self._durability = durability
        self._perform = perform
        self._went_on = went_on
        self._held: deque[tuple[int, do.Effect]] = deque()
        self._sequence = -1

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held."""
        return not self._held

    def take(self, effects: Sequence[do.Effect]) -> None:
        """Record what is to be recorded, then perform the rest, or hold it behind what is held.

        Raises RecordingStoppedError; nothing of these effects has then been performed.
        """
        self.record(effects)
        for effect in effects:
            if not isinstance(effect, do.Record):
                self._held.append((self._sequence, effect))
                self.held_bytes += _bytes_of(effect)
        self._go_on()

    def record(self, effects: Sequence[do.Effect]) -> None:
        """Record what is to be recorded and nothing else; raises RecordingStoppedError."""
        events = [effect.event for effect in effects if isinstance(effect, do.Record)]
        if events:
            self._sequence = self._recorder.append(events)

    def drop(self) -> None:
        """Forget what is held."""
        self._held.clear()
        self.held_bytes = 0

    def _resume(self) -> None:
        self._go_on()
        self._went_on()

    def _go_on(self) -> None:
        while self._held:
            sequence, effect = self._held[0]
            if not self._recorder.covers(sequence, self._durability):
                self._recorder.wait(self._resume)
                return
            self._held.popleft()
            self.held_bytes -= _bytes_of(effect)
            self._perform(effect)


def _bytes_of(effect: do.Effect) -> int:
    return len(effect.data) if isinstance(effect, do.SendClient | do.SendBroker) else 0
