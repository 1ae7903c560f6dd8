"""Damage: which kinds are faults."""

from __future__ import annotations

from gateway.evidence.damage import Damage, DamageKind


def test_only_an_open_tail_is_no_fault() -> None:
    """An archive that is being written is whole."""
    damages = [
        Damage(kind=kind, message="", origin="", segment="", byte_offset=0) for kind in DamageKind
    ]

    assert {DamageKind.OPEN_TAIL} == {each.kind for each in damages if each.is_information}
