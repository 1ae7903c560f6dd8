"""API keys: the names and numbers of the message table."""

from __future__ import annotations

import re

from gateway.wire.api_keys import ApiKey
from gateway.wire.table import load


def test_the_keys_are_those_of_the_message_table() -> None:
    """Each API of the table has its key here under its name, and there is no other."""
    named = {
        key: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", api.name).upper() for key, api in load().items()
    }

    assert named == {key.value: key.name for key in ApiKey}
    assert ApiKey(18) is ApiKey.API_VERSIONS
