"""What every client is asked to do; what a client cannot do it leaves as it stands here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.kafka.records import Offsets, Reading, Record, Sending, Transaction

Untyped: TypeAlias = Any
"""What a library without types hands out."""

CLIENT_SECONDS = 40
"""How long one verb may take before it fails."""


class Client:
    """One client library; every call makes clients of its own and closes them."""

    name: str

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[Record], how: Sending
    ) -> list[Record]:
        """Send records and return them with the offsets that the client reports."""
        raise NotImplementedError

    def transact(self, bootstrap: str, topic: str, transactions: Sequence[Transaction]) -> None:
        """Send each transaction's records and end it as it says."""
        raise NotImplementedError

    def consume(self, bootstrap: str, topic: str, how: Reading) -> list[Record]:
        """Read records, and commit when a group is named."""
        raise NotImplementedError

    def consume_shared(self, bootstrap: str, topic: str, group: str, count: int) -> list[Record]:
        """Read records as a member of a share group, and accept them."""
        raise NotImplementedError

    def create_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Create a topic."""
        raise NotImplementedError

    def delete_topic(self, bootstrap: str, topic: str) -> None:
        """Delete a topic."""
        raise NotImplementedError

    def topic_id(self, bootstrap: str, topic: str) -> str:
        """Tell a topic's id."""
        raise NotImplementedError

    def grow_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Add partitions up to a number."""
        raise NotImplementedError

    def set_config(self, bootstrap: str, topic: str, key: str, value: str) -> None:
        """Set one configuration of a topic."""
        raise NotImplementedError

    def get_config(self, bootstrap: str, topic: str, key: str) -> str:
        """Read one configuration of a topic."""
        raise NotImplementedError

    def offsets(self, bootstrap: str, topic: str, timestamp_ms: int) -> Offsets:
        """Tell the offsets of partition 0."""
        raise NotImplementedError

    def delete_records(self, bootstrap: str, topic: str, before: int) -> None:
        """Delete what lies before an offset in partition 0."""
        raise NotImplementedError

    def cluster(self, bootstrap: str) -> Mapping[int, tuple[str, int]]:
        """Describe the cluster: where its nodes are."""
        raise NotImplementedError

    def cluster_id(self, bootstrap: str) -> str:
        """Tell the cluster's id."""
        raise NotImplementedError

    def groups(self, bootstrap: str) -> set[str]:
        """List the names of all groups."""
        raise NotImplementedError

    def group_state(self, bootstrap: str, group: str) -> str:
        """Describe a group: its state, in lower case."""
        raise NotImplementedError

    def committed(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        """Tell what a group has committed, by partition."""
        raise NotImplementedError

    def delete_group(self, bootstrap: str, group: str) -> None:
        """Delete a group without members."""
        raise NotImplementedError
