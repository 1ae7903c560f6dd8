"""One list of dependencies: environment.yml and constraints.txt follow pyproject.toml."""

from __future__ import annotations

import re
import tomllib

import yaml

from tests.house.tree import ROOT, report
from tools.environment import ENVIRONMENT, render, runtime_extras

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def test_the_environment_is_written_from_the_project() -> None:
    """Who changes one file changes the other, with `python -m tools.environment`."""
    assert render(PYPROJECT) == ENVIRONMENT.read_text(encoding="utf-8"), (
        "\nenvironment.yml:1: differs from pyproject.toml: run `python -m tools.environment`"
    )


def test_the_environment_names_every_extra_that_a_user_may_want() -> None:
    """It is YAML as conda reads it, and installs all that runs."""
    *_, from_pypi = yaml.safe_load(ENVIRONMENT.read_text(encoding="utf-8"))["dependencies"]
    (extras,) = re.findall(r"-e \.\[(.*)\]", from_pypi["pip"][-1])

    assert {"gateway", "workbench", "demo"} <= set(extras.split(","))
    assert runtime_extras(PYPROJECT["project"]) == extras.split(",")


def test_every_dependency_is_pinned() -> None:
    """What is not in constraints.txt would be another version tomorrow."""
    project = PYPROJECT["project"]
    declared = list(project["dependencies"])
    declared += [each for extra in project["optional-dependencies"].values() for each in extra]
    pinned = {
        _name(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    problems = [
        f"constraints.txt:1: {name} is not pinned: run `./run pin`"
        for name in sorted({_name(requirement) for requirement in declared})
        if name not in pinned | {project["name"]}
    ]

    assert not problems, report(problems)


def _name(requirement: str) -> str:
    match = REQUIREMENT.match(requirement)
    return "" if match is None else match[0].replace("_", "-").replace(".", "-").lower()
