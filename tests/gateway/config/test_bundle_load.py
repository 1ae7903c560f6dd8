"""A bundle is loaded whole, or every problem in it is told with its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.config import bundle_load
from gateway.config.bundle_load import BundleError, load_bundle
from gateway.policy.decision import DecisionKind
from gateway.policy.request import AccessRequest
from gateway.wire.api_keys import ApiKey
from tests.gateway.config.bundles import NO_CARDS, write_bundle
from tests.gateway.policy.policies import about, rule

if TYPE_CHECKING:
    from pathlib import Path


def _problems(folder: Path) -> list[str]:
    with pytest.raises(BundleError) as refused:
        load_bundle(folder, [rule("configured")])
    return [f"{name}: {problem}" for name, problem in refused.value.problems]


def test_all_files_of_a_folder_are_one_policy(tmp_path: Path) -> None:
    """Rules and defaults from every file, cases from those in tests/."""
    more = "defaults: [{data: deny}]\nrules: [{id: b, effect: allow, topics: [o]}]\n"
    case = "cases: [{name: c, request: {api: FETCH, topics: [cards]}, expect: deny}]\n"
    loaded = load_bundle(
        write_bundle(tmp_path, a=NO_CARDS, more__b=more, tests__c=case), [rule("configured")]
    )

    assert ["configured", "no-cards", "b"] == [each.id for each in loaded.policy.rules]
    assert ["c"] == [each.name for each in loaded.cases]
    assert ["a.yaml", "more/b.yaml", "tests/c.yaml"] == sorted(loaded.bundle.files)
    assert loaded.bundle.digest == loaded.policy.digest


@pytest.mark.parametrize(
    ("text", "api_key", "expected"),
    [
        (NO_CARDS, ApiKey.PRODUCE, ()),
        (NO_CARDS, ApiKey.DELETE_TOPICS, ("default:admin",)),
        ("defaults: [{admin: allow}]", ApiKey.DELETE_TOPICS, ()),
        ("defaults: [{data: deny}]", ApiKey.PRODUCE, ("default:data",)),
    ],
)
def test_administration_is_denied_unless_it_says_otherwise(
    tmp_path: Path, text: str, api_key: ApiKey, expected: tuple[str, ...]
) -> None:
    """Data passes and is recorded."""
    policy = load_bundle(write_bundle(tmp_path, a=text)).policy

    assert expected == policy.decide(AccessRequest(api_key=api_key)).rule_ids


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"a": NO_CARDS, "b": NO_CARDS},
            "b.yaml: no-cards: a rule of this id is in a.yaml as well: rename one",
        ),
        (
            {"a": "rules: [{id: configured, effect: deny}]"},
            (
                "a.yaml: configured: a rule of this id is in the configuration's forbid as well: "
                "rename one"
            ),
        ),
        (
            {"a": "rules:\n- {id: x, effect: deny}\n- {id: x, effect: deny}"},
            (
                "a.yaml: rules.1.id (line 3): each rule id may appear once only: x is that of "
                "rules.0 as well"
            ),
        ),
        (
            {"a": "rules:\n- {id: x, effect: deny, topic: [a]}"},
            "a.yaml: rules.0.topic (line 2): is no key here: did you mean topics?",
        ),
        ({"a": "- x"}, "a.yaml: file (line 1): must be a mapping of keys to values"),
        ({"tests__a": "cases: []"}, "bundle: file: has no file of rules, which end in .yaml: is"),
        ({}, "bundle: file: has no file of rules"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    """File, key, line, and what to do."""
    (problem,) = _problems(write_bundle(tmp_path, **files))

    assert problem.startswith(expected)


def test_cases_have_names_of_their_own(tmp_path: Path) -> None:
    """A report names the case that fails."""
    case = "{name: c, request: {api: FETCH}, expect: deny}"
    text = f"cases:\n- {case}\n- {case}\n- 7\n"
    found = _problems(write_bundle(tmp_path, a=NO_CARDS, tests__c=text))

    assert found[0].startswith("tests/c.yaml: cases.1.name (line 3): each case name may appear")
    assert "tests/c.yaml: cases.2 (line 4)" in found[1]


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    """With the file that has them."""
    (tmp_path / "a.yaml").write_bytes(b"\xff")

    assert _problems(tmp_path)[0].startswith("a.yaml: file: is no UTF-8")


def test_a_folder_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong folder must not be read for ever."""
    write_bundle(tmp_path, a=NO_CARDS, b="rules: []")
    monkeypatch.setattr(bundle_load, "FILES_MAX", 1)
    assert ["bundle: file: has more than 1 files: is it the right folder?"] == _problems(tmp_path)
    monkeypatch.setattr(bundle_load, "FILE_BYTES_MAX", 5)

    assert "is above 5 bytes" in _problems(tmp_path)[0]


def test_the_error_lists_all(tmp_path: Path) -> None:
    """So that one run suffices to mend everything."""
    write_bundle(tmp_path, a="rules: [{id: x, effect: no}]\nother: 1\n")
    with pytest.raises(BundleError, match=r": 2 problems\n  a.yaml: .*\n  a.yaml: ") as refused:
        load_bundle(tmp_path)

    assert refused.value.folder == tmp_path


def test_what_is_loaded_decides(tmp_path: Path) -> None:
    """The rule is that of the file."""
    policy = load_bundle(write_bundle(tmp_path, a=NO_CARDS)).policy

    assert DecisionKind.DENY is policy.decide(about("cards.eu")).kind
