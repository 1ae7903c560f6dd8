"""What clients were promised and given, held against the archive and the cluster's own log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.kafka.evidence import Evidence
from tests.kafka.load import ACKNOWLEDGED, PARTITIONS, RECEIVED
from tests.kafka.truth import whole_log

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kafka.cluster import Cluster
    from tests.kafka.load import Load


def broken_promises(archive: Path, kafka: Cluster, load: Load, topic: str) -> list[str]:
    """Say what is missing or wrong in an archive after crashes under load; print the figures."""
    acknowledged, received = (set(load.logged(word)) for word in (ACKNOWLEDGED, RECEIVED))
    evidence = Evidence(archive)
    produced = {(r.partition, r.offset, r.value) for r in evidence.produced(topic)}
    sent = {(partition, value) for partition, _, value in produced}
    read = {(e.record.partition, e.record.offset, e.record.value) for e in evidence.reads(topic)}
    written = {
        (r.partition, r.value)
        for n in range(PARTITIONS)
        for r in whole_log(kafka.bootstrap, topic, n)
    }
    sys.stdout.write(  # shown with -s
        f"{len(acknowledged)} records acknowledged, {len(received)} received, {len(written)} in "
        f"the log; {len(produced)} recorded as produced, {len(read)} as read\n"
    )
    # What was under way at a crash is known to be unknown; nothing else is wrong.
    faults = [each for each in evidence.faults() if not each.startswith("outcome_unknown:")]
    return [
        *faults,
        *(f"acknowledged, not recorded: {each}" for each in acknowledged - produced),
        *(f"received, not recorded: {each}" for each in received - read),
        # Even what was never acknowledged: nothing reaches the broker before it is recorded.
        *(f"in the log, not recorded: {each}" for each in written - sent),
    ]
