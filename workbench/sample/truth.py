"""What really happened in the sample, as values that answers are checked against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where one record lies."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Read:
    """One record that reached one client once."""

    principal: str
    session: str
    place: Place
    masked: tuple[str, ...] = ()
    is_below_requested: bool = False
    is_aborted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The whole truth."""

    suspect: str
    """The principal whose credential was stolen."""
    suspect_session: str
    """The intruder's session."""
    suspect_peer: str
    topic: str
    """The topic that was exported."""
    field: str
    """The JSON field in it that matters most."""
    masked_reader: str
    """A principal that gets this field only masked."""
    reads: tuple[Read, ...]
    clear_values: frozenset[str]
    """The values of the field that the intruder got in clear."""
    exported_to: str
    """The topic that the intruder wrote the records to again."""
    injected: Place
    """A record of the intruder's own."""
    injected_reader: str
    """The service that took it for real."""
    bypassing: tuple[Place, ...]
    """Records that were written past the gateway."""
    acks_none: tuple[Place, ...]
    """Records whose offset no producer was told."""
    control: tuple[Place, ...]
    """Offsets that transactions' markers took."""
    refused_api: str
    """What the intruder tried and was refused."""
    refused_by: str
    failed_logins: tuple[str, ...]
    """The user names that the intruder tried in vain."""
