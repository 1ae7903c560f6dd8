"""The keys of a package."""

from __future__ import annotations

from tests.gateway.evidence.golden import FIRST_GOLDEN, GOLDEN, NEW
from tests.gateway.evidence.log.signed import RECORDER, ROOT
from tests.gateway.evidence.samples import ORIGIN, segments_of
from workbench.package.keys import keys_of


def test_the_root_key_and_all_that_signed_are_told() -> None:
    """In the order in which they came."""
    assert [
        ("root", ROOT.public.vkey),
        ("recorder", RECORDER.public.vkey),
        ("recorder", NEW.public.vkey),
    ] == keys_of(GOLDEN, ORIGIN, segments_of(GOLDEN))


def test_without_a_log_there_are_none() -> None:
    """Nothing was signed in the first format."""
    assert [] == keys_of(FIRST_GOLDEN, ORIGIN, segments_of(FIRST_GOLDEN))
