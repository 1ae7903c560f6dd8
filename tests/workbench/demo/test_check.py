"""The tables of a run agree with what the clients noted, and a difference would be found."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workbench.demo.check import MISMATCHES_SHOWN, mismatches
from workbench.demo.truth import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.demo.truth import GroundTruth
    from workbench.tables import Tables


def test_every_record_is_where_the_clients_say(tables: Tables, truth: GroundTruth) -> None:
    """Producer or reader, place, key and value of each record, and each request and login."""
    assert mismatches(tables, truth) == []
    assert min(len(truth.sent), len(truth.received)) > 1000


def _forget_a_read(truth: GroundTruth) -> None:
    truth.received.pop()


def _invent_a_read(truth: GroundTruth) -> None:
    truth.received.append(truth.received[0])


def _change_a_value(truth: GroundTruth) -> None:
    truth.sent[5] = replace(truth.sent[5], value_sha256=fingerprint(b"other"))


def _change_a_reader(truth: GroundTruth) -> None:
    truth.received[5] = replace(truth.received[5], client_id="nobody")


def _change_a_place(truth: GroundTruth) -> None:
    truth.sent[5] = replace(truth.sent[5], offset=10**6)


def _change_a_key(truth: GroundTruth) -> None:
    truth.received[5] = replace(truth.received[5], key=None)


def _allow_the_refused(truth: GroundTruth) -> None:
    truth.requests[:] = [replace(each, is_refused=False) for each in truth.requests]


def _invent_a_login(truth: GroundTruth) -> None:
    truth.failed_logins.append("root")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_forget_a_read, "not received, but in the tables"),
        (_invent_a_read, "received, but not in the tables"),
        (_change_a_value, "sent, but not in the tables"),
        (_change_a_reader, "client_id='nobody'"),
        (_change_a_place, "offset=1000000"),
        (_change_a_key, "key=None"),
        (_allow_the_refused, "not asked for, but in the tables"),
        (_invent_a_login, "tried as a login, but not in the tables: root"),
    ],
)
def test_each_kind_of_difference_is_found(
    tables: Tables, truth: GroundTruth, change: Callable[[GroundTruth], None], said: str
) -> None:
    """One record, request or login that differs is enough."""
    changed = deepcopy(truth)
    change(changed)

    assert any(said in found for found in mismatches(tables, changed))


def test_many_differences_are_counted_not_listed(tables: Tables, truth: GroundTruth) -> None:
    """An error message stays readable, and hides nothing."""
    changed = deepcopy(truth)
    changed.received.clear()
    found = mismatches(tables, changed)

    assert MISMATCHES_SHOWN + 1 == len(found)
    assert found[-1].endswith(f"{len(set(truth.received)) - MISMATCHES_SHOWN} more")
