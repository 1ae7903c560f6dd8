"""Damage: which kinds are faults."""

from __future__ import annotations

from gateway.evidence.damage import INFORMATION, Damage, DamageKind


def test_only_what_an_honest_archive_shows_is_no_fault() -> None:
    """One that is being written is whole, and so is one whose recorder was off for a while."""
    damages = [
        Damage(kind=kind, message="", origin="", segment="", byte_offset=0) for kind in DamageKind
    ]

    assert set(INFORMATION) == {each.kind for each in damages if each.is_information}
