"""Bring the tables of docs/kafka-support.md up to date: `python -m tests.kafka.support_page`."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import confluent_kafka

from gateway.apis.api_versions import VERSION_MAX
from gateway.apis.catalogue import ROLES, Role
from gateway.apis.refusal import refusable
from gateway.apis.touches import names_topics
from gateway.wire.api_keys import ApiKey
from gateway.wire.table import load
from tests.kafka.distribution import kafka_version
from tests.kafka.features import FEATURES
from tests.kafka.matrix import CLIENTS, UNTRIED

if TYPE_CHECKING:
    from gateway.wire.table import Api

PAGE = Path(__file__).parents[2] / "docs" / "kafka-support.md"
MARK = """\
<!-- From here on written by `python -m tests.kafka.support_page` from the tests' own table and the
gateway's: change those. -->
"""
CAN_DO = "✓ / ✓"
MEANING = f"""\
{CAN_DO}: done direct and through the gateway with equal results, and what the gateway recorded of
it equals what the client said that it sent and received, record by record. What a client does not
have is told below the table."""
DOES = {
    Role.READS: "forwards",
    Role.CHANGES: "records the intent, forwards",
    Role.DEPENDS: "forwards; records the intent first where the arguments change something",
    Role.PRODUCES: "records the records, forwards",
    Role.TERMINATED: "answers itself",
    Role.HIDDEN: "hides and refuses",
}


def render() -> str:
    """Give the text of the page: what stands before the mark as it is, the rest anew."""
    prose, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return "\n".join([prose + MARK, *_clients(), "", *_apis(), ""])


def _clients() -> list[str]:
    lines = ["## Clients and features", "", f"Tried with Apache Kafka {kafka_version()}:", ""]
    lines += [f"- {line}" for line in _versions()]
    header = ["feature", *(client.name for client in CLIENTS)]
    lines += ["", MEANING, "", _row(header), _row(["---"] * len(header))]
    reasons: list[str] = []
    for feature in FEATURES:
        cells = []
        for client in CLIENTS:
            reason = UNTRIED.get((client.name, feature.name))
            if reason is None:
                cells.append(CAN_DO)
                continue
            note = f"{client.name} {reason}"
            if note not in reasons:
                reasons.append(note)
            cells.append(f"- ({reasons.index(note) + 1})")
        lines.append(_row([feature.title, *cells]))
    lines += ["", *(f"{number}. {reason}." for number, reason in enumerate(reasons, start=1))]
    return lines


def _versions() -> list[str]:
    librdkafka, _ = confluent_kafka.libversion()
    return [
        f"Java tools: those of the Kafka {kafka_version()} distribution.",
        f"confluent-kafka {version('confluent-kafka')}, librdkafka {librdkafka}.",
        *(f"{name} {version(name)}." for name in ("aiokafka", "kafka-python")),
    ]


def _apis() -> list[str]:
    header = ["API", "in rules", "key", "versions", "the gateway", "can be forbidden", "by topic"]
    lines = ["## APIs", "", _row(header), _row(["---"] * len(header))]
    return lines + [_api(api) for _, api in sorted(load().items())]


def _api(api: Api) -> str:
    key = ApiKey(api.key)
    last = VERSION_MAX if key is ApiKey.API_VERSIONS else api.versions.last
    can_be_forbidden = key in refusable().values()
    return _row(
        [
            api.name,
            f"`{key.name}`",
            str(key.value),
            f"{api.versions.first}-{last}",
            DOES[ROLES[key]],
            "yes" if can_be_forbidden else "no",
            "yes" if can_be_forbidden and names_topics(key) else "no",
        ]
    )


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
