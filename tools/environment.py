"""Write environment.yml, for those who work with conda, from pyproject.toml.

The dependencies themselves come from PyPI there too, at the versions of constraints.txt: one list
of names that is tested beats a second one that is not.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / "environment.yml"

# What is for those who change streamwitness, not for those who use it.
NOT_AT_RUN_TIME = frozenset({"dev", "all"})

TEMPLATE = """\
# Written by `python -m tools.environment` from pyproject.toml: change that file, then run it again.
name: {name}
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python{python}
  - pip
  - pip:
      - -c constraints.txt
      - -e .[{extras}]
"""


def runtime_extras(project: dict[str, Any]) -> list[str]:
    """List the extras that a user may want, as pyproject.toml orders them."""
    return [extra for extra in project["optional-dependencies"] if extra not in NOT_AT_RUN_TIME]


def render(pyproject: dict[str, Any]) -> str:
    """Give the text of environment.yml for a parsed pyproject.toml."""
    project = pyproject["project"]
    return TEMPLATE.format(
        name=project["name"],
        python=project["requires-python"],
        extras=",".join(runtime_extras(project)),
    )


def main() -> None:
    """Write the file."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ENVIRONMENT.write_text(render(pyproject), encoding="utf-8")


if __name__ == "__main__":
    main()
