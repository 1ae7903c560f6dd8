"""A stolen credential is told by the new way in which it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.workbench.frames import Frames
from workbench.questions.credential_use import credential_use
from workbench.questions.verdict import Answer

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Truth

USUAL: dict[str, Any] = {
    "peer": "10.0.0.1:4000",
    "client_id": "billing",
    "software_name": "apache-kafka-java",
    "software_version": "4.1.0",
}


def used_again(**differences: Any) -> Frames:  # noqa: ANN401 - any column of sessions
    """Let billing connect twice, the second time with some difference."""
    frames = Frames()
    frames.connect("s1", "billing", 0, **USUAL)
    frames.connect("s2", "billing", 60, **USUAL | differences)
    return frames


def test_the_stolen_credential_is_found(breach: Archive, truth: Truth) -> None:
    """The only principal that came in a new way, after failed logins from the same host."""
    verdict = credential_use(breach)
    new = verdict.frame.filter(verdict.frame["new"].list.len() > 0)

    assert Answer.YES == verdict.answer
    assert [(truth.suspect, "203.0.113.77", len(truth.failed_logins))] == new.select(
        "principal", "host", "failed_logins"
    ).rows()
    assert "after 3 failed logins from there" in verdict.because


@pytest.mark.parametrize(
    ("new", "differences"),
    [
        (["host"], {"peer": "192.0.2.9:4000"}),
        (["software name"], {"software_name": "librdkafka"}),
        (["client id"], {"client_id": "rdkafka"}),
        (["host", "client id"], {"peer": "192.0.2.9:1", "client_id": "rdkafka"}),
        (["host"], {"peer": "[2001:db8::9]:4000"}),
    ],
)
def test_what_was_new_is_named(new: list[str], differences: dict[str, Any]) -> None:
    """An address, a library, a name."""
    verdict = credential_use(used_again(**differences).tables, "billing")

    assert Answer.YES == verdict.answer
    assert new == verdict.frame["new"].to_list()[-1]


@pytest.mark.parametrize(
    "differences",
    [{}, {"peer": "10.0.0.1:5000"}, {"software_version": "4.2.0"}, {"software_name": None}],
)
def test_what_changes_every_day_is_not_new(differences: dict[str, Any]) -> None:
    """Another port or an upgrade, or a client that does not say what it is."""
    assert Answer.NO == credential_use(used_again(**differences).tables).answer


def test_the_first_connection_is_not_new() -> None:
    """There is nothing to compare it with, and the verdict says so."""
    frames = Frames()
    frames.connect("s1", "billing", 0, **USUAL)
    verdict = credential_use(frames.tables)

    assert Answer.NO == verdict.answer
    assert "Whether it was new before the recording began." in verdict.not_covered


def test_one_principal_can_be_looked_at() -> None:
    """Another's new host is not its own."""
    frames = used_again(peer="192.0.2.9:4000")
    frames.connect("s3", "shop", 0, **USUAL)

    assert Answer.NO == credential_use(frames.tables, "shop").answer


def test_a_damaged_archive_leaves_it_unknown() -> None:
    """The new connection may be what is missing."""
    frames = used_again()
    frames.lose("frame")

    assert Answer.UNKNOWN == credential_use(frames.tables).answer
