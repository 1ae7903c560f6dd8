"""Key files are named in the configuration and read when the gateway starts."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from gateway.config.masking import Masking
from gateway.masking.errors import MaskError
from gateway.policy.mask_rule import MaskField, MaskMethod, MaskRule
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from pathlib import Path

FIELD = MaskField(method=MaskMethod.PSEUDONYM, path="$.a", key="customers")
RULE = MaskRule(id="r", apis=frozenset(), fields=(FIELD,))


def _masking(folder: Path) -> Masking:
    return Masking.model_validate_json('{"keys": {"customers": "k"}}').within(folder)


def test_rules_find_the_keys_by_name(tmp_path: Path) -> None:
    """Relative paths count from the configuration's folder."""
    (tmp_path / "k").write_text(f"1 {b64encode(bytes(32)).decode()}\n")

    assert _masking(tmp_path).plans().plan((RULE,), ApiKey.FETCH).value is not None


def test_nothing_needs_to_be_configured() -> None:
    """A rule without a key needs no file."""
    with pytest.raises(MaskError, match="no key is called 'customers'"):
        Masking().plans().plan((RULE,), ApiKey.FETCH)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file"), (b"\xff\xfe", "is no text"), (b"1 c2VjcmV0", "has 6 bytes")],
)
def test_what_is_no_key_file_stops_the_start(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    """The message names the key, and quotes nothing."""
    if content is not None:
        (tmp_path / "k").write_bytes(content)

    with pytest.raises(MaskError, match=f"key customers.*{message}"):
        _masking(tmp_path).plans()
