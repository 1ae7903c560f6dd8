"""Read the folder of a bundle: a policy, or one error that lists everything wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gateway.config.across import repeats
from gateway.config.bundle_model import CasesFile, RulesFile
from gateway.config.load import FILE_BYTES_MAX, Problem, checked
from gateway.config.rules_made import default_of, rule_of
from gateway.config.section import Section
from gateway.policy.api_class import ApiClass
from gateway.policy.bundle import Bundle
from gateway.policy.engine import Policy
from gateway.policy.rule import Default

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from gateway.config.across import Found, Json, Location
    from gateway.config.bundle_model import Case
    from gateway.policy.rule import Rule

SomeFile = TypeVar("SomeFile", bound=Section)

CASES_FOLDER = "tests"
FILES_MAX = 1_000
SUFFIXES = (".yaml", ".yml")

SHIPPED_DEFAULT = Default(denied=frozenset({ApiClass.ADMIN}))
"""What holds in a bundle that says nothing about it: data passes and is recorded."""


class BundleError(Exception):
    """A bundle cannot be used; `problems` holds everything found, by file."""

    def __init__(self, folder: Path, problems: Sequence[tuple[str, Problem]]) -> None:
        super().__init__(folder, problems)
        self.folder = folder
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """Show all problems, one a line."""
        count = len(self.problems)
        heading = f"{self.folder}: {count} {'problem' if count == 1 else 'problems'}"
        return "\n".join([heading, *(f"  {name}: {each}" for name, each in self.problems)])


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedBundle:
    """A policy, the bundle that it was made of, and the cases that test it."""

    policy: Policy
    bundle: Bundle
    cases: tuple[Case, ...] = ()


def load_bundle(folder: Path, forbidden: Sequence[Rule] = ()) -> LoadedBundle:
    """Read all files of a folder; raises BundleError with every problem at once.

    `forbidden` are rules of the configuration, which stand before those of the bundle. Files are
    those that end in .yaml or .yml; those in `tests/` hold cases, all others rules.
    """
    bundle = Bundle(_files(folder))
    problems: list[tuple[str, Problem]] = []
    rules: list[Rule] = list(forbidden)
    defaults: list[Default] = []
    cases: list[Case] = []
    owners = dict.fromkeys((rule.id for rule in forbidden), "the configuration's forbid")
    for name in sorted(bundle.files):
        if _is_of_cases(name):
            found = _read(name, bundle.files[name], CasesFile, _repeated_cases, problems)
            cases += () if found is None else found.cases
            continue
        written = _read(name, bundle.files[name], RulesFile, _repeated_rules, problems)
        if written is None:
            continue
        for each in written.rules:
            if each.id in owners:
                message = f"a rule of this id is in {owners[each.id]} as well: rename one"
                problems.append((name, Problem(path=each.id, line=None, message=message)))
            owners.setdefault(each.id, name)
            rules.append(rule_of(each))
        defaults += map(default_of, written.defaults)
    if problems:
        raise BundleError(folder, problems)
    policy = Policy(rules, defaults or [SHIPPED_DEFAULT], digest=bundle.digest)
    return LoadedBundle(policy=policy, bundle=bundle, cases=tuple(cases))


def _files(folder: Path) -> dict[str, bytes]:
    try:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
        files = {path.relative_to(folder).as_posix(): _content(path) for path in paths[:FILES_MAX]}
    except OSError as error:
        raise _whole(folder, f"cannot be read: {error}") from None
    if len(paths) > FILES_MAX:
        raise _whole(folder, f"has more than {FILES_MAX} files: is it the right folder?")
    if not any(not _is_of_cases(name) for name in files):
        raise _whole(folder, "has no file of rules, which end in .yaml: is it the right folder?")
    return files


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        content = stream.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise OSError(f"{path} is above {FILE_BYTES_MAX} bytes")
    return content


def _whole(folder: Path, message: str) -> BundleError:
    return BundleError(folder, [("bundle", Problem(path="", line=None, message=message))])


def _is_of_cases(name: str) -> bool:
    return name.startswith(f"{CASES_FOLDER}/")


def _read(
    name: str,
    content: bytes,
    model: type[SomeFile],
    across: Callable[[Mapping[str, Json]], Found],
    problems: list[tuple[str, Problem]],
) -> SomeFile | None:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        problems.append((name, Problem(path="", line=None, message=f"is no UTF-8: {error}")))
        return None
    section, found = checked(text, model, across)
    problems += [(name, each) for each in found]
    return section


def _repeated_rules(tree: Mapping[str, Json]) -> Found:
    yield from repeats("rule id", _named(tree, "rules", "id"))


def _repeated_cases(tree: Mapping[str, Json]) -> Found:
    yield from repeats("case name", _named(tree, "cases", "name"))


def _named(tree: Mapping[str, Json], array: str, key: str) -> Iterator[tuple[Location, Json]]:
    items = tree.get(array)
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield (array, number), item.get(key)
