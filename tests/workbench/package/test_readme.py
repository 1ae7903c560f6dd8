"""README.txt: what is in a package, and commands that work."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.workbench.package.packages import described
from workbench.package.readme import counted, readme


def test_a_whole_package_says_how_it_is_checked() -> None:
    """With the key that it names, and the answer that is to be expected."""
    text = readme(described(), is_signed=False, names=frozenset())

    assert "gateway-1: 1 segment, 5 events, 2026-09-21T14:13:20" in text
    assert "sha256sum --quiet -c SHA256SUMS\n" in text
    assert "python3 verify.py . 'example.com/root+00000000+AQ=='" in text
    assert "It answers: whole." in text
    assert "LEFT OUT" not in text
    assert "DAMAGED" not in text


def test_what_was_left_out_stands_on_top() -> None:
    """Nobody takes a part for the whole."""
    (part,) = described().origins
    selection = described(
        verdict="selection",
        origins=[replace(part, left_out_events=1)],
        origins_left_out=("gateway-2",),
    )

    text = readme(selection, is_signed=False, names=frozenset({"selection.json", "proofs"}))

    assert "gateway-1: NOT IN IT: 1 event\ngateway-2 WAS LEFT OUT" in text
    assert "verify.py . --part" in text
    assert "exit code 3" in text
    assert "c2sp.org/tlog-proof" in text
    assert "whose list also names the files that were left out" in text


def test_what_expired_is_not_in_it_either() -> None:
    """The verifier that knows no tombstones is told that segments may be gone."""
    (part,) = described().origins
    expired = described(origins=[replace(part, left_out_events=2)])

    text = readme(expired, is_signed=False, names=frozenset())

    assert "gateway-1: NOT IN IT: 2 events" in text
    assert "verify.py . --part" in text
    assert "It answers: whole." in text


def test_damage_is_listed() -> None:
    """All of it."""
    damaged = described(verdict="damaged", faults=["frame: one", "frame: two"])
    text = readme(damaged, is_signed=False, names=frozenset())

    assert "THE ARCHIVE IS DAMAGED: 2 faults\n- frame: one\n- frame: two" in text
    assert "It answers: damaged" in text


def test_a_signed_list_is_checked_with_signify() -> None:
    """And another name of the list is used throughout."""
    text = readme(described(), is_signed=True, names=frozenset())

    assert "sha256sum --quiet -c SHA256SUMS.sig\n" in text
    assert "signify -C -p KEY.pub -x SHA256SUMS.sig" in text
    assert "not signed" not in text


def test_of_two_root_keys_none_is_named_in_the_commands() -> None:
    """Each origin has to be checked with its own."""
    (part,) = described().origins
    other = replace(part, origin="gateway-2", keys=[("root", "other+00000000+AQ==")])

    text = readme(described(origins=[part, other]), is_signed=False, names=frozenset())

    assert "--root-key" not in text


def test_without_a_log_nothing_is_said_to_be_signed() -> None:
    """No command is told that could only fail."""
    (part,) = described().origins
    unsigned = described(origins=[replace(part, log=None, keys=[])])

    text = readme(unsigned, is_signed=False, names=frozenset())

    assert "python3 verify.py" not in text
    assert "recorder.pub" not in text
    assert "could have been written anew by anybody" in text


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 events"), (1, "1 event"), (1234, "1,234 events")]
)
def test_numbers_are_said(number: int, said: str) -> None:
    """One of a thing is no plural."""
    assert said == counted(number, "event")
