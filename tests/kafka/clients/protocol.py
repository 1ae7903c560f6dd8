"""What every client is asked to do; a client that cannot do one of these lacks the method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.kafka.records import Offsets, Reading, Record, Sending, Transaction

CLIENT_SECONDS = 40
"""How long one verb may take before it fails."""


class Client(Protocol):
    """One client library; every call makes clients of its own and closes them."""

    name: str

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[Record], how: Sending
    ) -> list[Record]:
        """Send records and return them with the offsets that the client reports."""

    def transact(self, bootstrap: str, topic: str, transactions: Sequence[Transaction]) -> None:
        """Send each transaction's records and end it as it says."""

    def consume(self, bootstrap: str, topic: str, how: Reading) -> list[Record]:
        """Read records, and commit when a group is named."""

    def consume_shared(self, bootstrap: str, topic: str, group: str, count: int) -> list[Record]:
        """Read records as a member of a share group, and accept them."""

    def create_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Create a topic."""

    def delete_topic(self, bootstrap: str, topic: str) -> None:
        """Delete a topic."""

    def topic_id(self, bootstrap: str, topic: str) -> str:
        """Tell a topic's id."""

    def grow_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Add partitions up to a number."""

    def set_config(self, bootstrap: str, topic: str, key: str, value: str) -> None:
        """Set one configuration of a topic."""

    def get_config(self, bootstrap: str, topic: str, key: str) -> str:
        """Read one configuration of a topic."""

    def offsets(self, bootstrap: str, topic: str, timestamp_ms: int) -> Offsets:
        """Tell the offsets of partition 0."""

    def delete_records(self, bootstrap: str, topic: str, before: int) -> None:
        """Delete what lies before an offset in partition 0."""

    def cluster(self, bootstrap: str) -> Mapping[int, tuple[str, int]]:
        """Describe the cluster: where its nodes are."""

    def cluster_id(self, bootstrap: str) -> str:
        """Tell the cluster's id."""

    def groups(self, bootstrap: str) -> set[str]:
        """List the names of all groups."""

    def group_state(self, bootstrap: str, group: str) -> str:
        """Describe a group: its state, in lower case."""

    def committed(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        """Tell what a group has committed, by partition."""

    def delete_group(self, bootstrap: str, group: str) -> None:
        """Delete a group without members."""
