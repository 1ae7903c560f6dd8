"""The ground truth: what the clients themselves say that they sent, received and were refused.

It is written by the clients and never by the gateway, and nothing that the archive is asked is
computed from it: it is there to check the answers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Sighting:
    """One record as one client sent or received it."""

    subject: str
    client_id: str
    topic: str
    partition: int
    offset: int
    key: str | None
    value_sha256: str


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Request:
    """One administrative request as its client saw it end."""

    subject: str
    client_id: str
    api: str
    topics: tuple[str, ...]
    is_refused: bool


@dataclass(slots=True, kw_only=True)
class GroundTruth:
    """Everything that the clients did, in the order in which each of them did it.

    Clients add to it from threads of their own; `list.append` is atomic.
    """

    sent: list[Sighting] = field(default_factory=list)
    """Records that a broker acknowledged to a client of the gateway."""
    received: list[Sighting] = field(default_factory=list)
    """Records that a client of the gateway was given."""
    bypassing: list[Sighting] = field(default_factory=list)
    """Records sent to the broker directly."""
    injected: list[Sighting] = field(default_factory=list)
    """Those of `sent` that the intruder invented."""
    requests: list[Request] = field(default_factory=list)
    """Administrative requests."""
    failed_logins: list[str] = field(default_factory=list)
    """The names under which a login failed."""

    def written(self, topic: str) -> int:
        """Count the records of a topic, however they got there."""
        return sum(each.topic == topic for each in (*self.sent, *self.bypassing))

    def received_by(self, client_id: str, topic: str) -> int:
        """Count the records of a topic that one client was given."""
        return sum((each.client_id, each.topic) == (client_id, topic) for each in self.received)

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load_truth(file: Path) -> GroundTruth:
    """Read what `save` wrote."""
    lists = json.loads(file.read_text())
    requests = [
        Request(**{**each, "topics": tuple(each["topics"])}) for each in lists.pop("requests")
    ]
    logins = lists.pop("failed_logins")
    sightings = {name: [Sighting(**each) for each in items] for name, items in lists.items()}
    return GroundTruth(**sightings, requests=requests, failed_logins=logins)


def fingerprint(value: bytes | None) -> str:
    """Hash a record's value; no value has none."""
    return "" if value is None else hashlib.sha256(value).hexdigest()
