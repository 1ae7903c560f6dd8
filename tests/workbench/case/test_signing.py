"""A signed state: it holds for the lines before it, and for no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.signing import Signer, create_key_file, load_signer
from tests.workbench.case.cases import lines, new_case, rewrite
from workbench.case.custody import Action
from workbench.case.errors import CaseError
from workbench.case.signing import sign_custody, signed_states

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """Make a key as `streamwitness key create` does."""
    create_key_file(tmp_path / "key.pem")
    return load_signer(tmp_path / "key.pem", "example.com/ada")


def test_a_signature_stands_for_all_lines_before_it(tmp_path: Path, signer: Signer) -> None:
    """It names the key that verifies it."""
    case = new_case(tmp_path)
    sign_custody(case.log, signer)

    (state,) = signed_states(case.log.read())

    assert (4, signer.public.vkey, None) == (state.line, state.key, state.problem)


def test_a_log_that_was_written_anew_has_no_good_signature(tmp_path: Path, signer: Signer) -> None:
    """Whoever has no key cannot carry a signature over to another history."""
    (tmp_path / "a").mkdir()
    case, other = new_case(tmp_path), new_case(tmp_path / "a")
    entry = sign_custody(case.log, signer)
    other.log.append(Action.SIGNED, details=entry.details)

    (state,) = signed_states(other.log.read())

    assert "it is about another log" == state.problem


@pytest.mark.parametrize(
    "details", [{}, {"note": "text\n\n— x AAAAAAA=\n"}, {"key": "x+00000000+AQ==", "note": 7}]
)
def test_what_is_no_signature_is_told(tmp_path: Path, details: dict[str, object]) -> None:
    """An entry that only claims to sign is a problem, not a signature."""
    case = new_case(tmp_path)
    case.log.append(Action.SIGNED, details=details)

    (state,) = signed_states(case.log.read())

    assert state.problem


def test_another_keys_signature_is_none(tmp_path: Path, signer: Signer) -> None:
    """The key that an entry names must be the one that signed."""
    create_key_file(tmp_path / "other.pem")
    other = load_signer(tmp_path / "other.pem", "example.com/other")
    case = new_case(tmp_path)
    entry = sign_custody(case.log, signer)
    case.log.append(Action.SIGNED, details={**entry.details, "key": other.public.vkey})

    states = list(signed_states(case.log.read()))

    assert [None, "the key that it names has not signed it"] == [each.problem for each in states]


def test_a_log_that_is_not_sound_is_not_signed(tmp_path: Path, signer: Signer) -> None:
    """A signature would vouch for it."""
    case = new_case(tmp_path)
    rewrite(case, *lines(case)[1:])

    with pytest.raises(CaseError, match="line 1"):
        sign_custody(case.log, signer)

    assert 1 == json.loads(lines(case)[0])["sequence"]


def test_a_key_that_others_can_read_does_not_sign(tmp_path: Path, signer: Signer) -> None:
    """The signature would be anybody's."""
    (tmp_path / "key.pem").chmod(0o644)

    with pytest.raises(ProofError, match="chmod 600"):
        load_signer(tmp_path / "key.pem", signer.public.name)
