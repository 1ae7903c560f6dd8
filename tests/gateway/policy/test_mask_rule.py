"""A mask rule speaks of some topics of some APIs."""

from __future__ import annotations

import pytest

from gateway.policy.mask_rule import MaskField, MaskMethod, MaskRule
from gateway.wire.api_keys import ApiKey
from tests.gateway.policy.policies import names


@pytest.mark.parametrize(
    ("topics", "api_key", "topic", "expected"),
    [
        (None, ApiKey.FETCH, "orders", True),
        (("ord*",), ApiKey.FETCH, "orders", True),
        (("cards",), ApiKey.FETCH, "orders", False),
        (None, ApiKey.PRODUCE, "orders", False),
    ],
)
def test_a_mask_is_about_its_topics_and_directions(
    topics: tuple[str, ...] | None, api_key: ApiKey, topic: str, *, expected: bool
) -> None:
    """Records of all others stay as they are."""
    mask = MaskRule(
        id="m",
        apis=frozenset({int(ApiKey.FETCH)}),
        fields=(MaskField(method=MaskMethod.NULL, path="$.a"),),
        topics=None if topics is None else names(*topics),
    )

    assert expected is mask.speaks_of(api_key, topic)
