"""What all sessions of a process know together about the cluster behind them."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.apis.addresses import BrokerAddresses
from gateway.apis.topics import TopicDirectory


@dataclass(frozen=True, slots=True)
class Topology:
    """Learned facts: real broker addresses by node id, for the shell, and topic names by id.

    Each listener's own AddressMap is configuration and stands in `SessionOptions.addresses`.
    """

    brokers: BrokerAddresses = field(default_factory=BrokerAddresses)
    topics: TopicDirectory = field(default_factory=TopicDirectory)
