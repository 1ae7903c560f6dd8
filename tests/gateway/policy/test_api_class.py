"""Every API is of one class; what is not known is of none."""

from __future__ import annotations

import pytest

from gateway.apis.catalogue import ROLES, Role
from gateway.policy.api_class import ApiClass, class_of
from gateway.wire.api_keys import ApiKey


@pytest.mark.parametrize(
    ("api_key", "expected"),
    [
        (ApiKey.API_VERSIONS, ApiClass.LOGIN),
        (ApiKey.FETCH, ApiClass.DATA),
        (ApiKey.DELETE_TOPICS, ApiClass.ADMIN),
        (ApiKey.LIST_GROUPS, ApiClass.ADMIN),
        (9_999, None),
    ],
)
def test_apis_have_a_class(api_key: int, expected: ApiClass | None) -> None:
    """By what they are to an operator."""
    assert expected is class_of(api_key)


def test_what_the_gateway_answers_itself_is_the_login() -> None:
    """And ApiVersions, without which no client knows how to log in."""
    answered = {key for key, role in ROLES.items() if role is Role.TERMINATED}

    assert answered | {ApiKey.API_VERSIONS} == {
        key for key in ApiKey if class_of(key) is ApiClass.LOGIN
    }
