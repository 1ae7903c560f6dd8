"""Write docs/tables.md from the tables' schemas."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.tables.schemas import SCHEMA_VERSION, TABLES

PAGE = Path(__file__).parents[1] / "docs" / "tables.md"

INTRODUCTION = """\
# Tables

<!-- Written by `python -m tools.tables_page` from workbench/tables/schemas.py: change that. -->

What `workbench.open(ARCHIVE)` gives, each as a lazy [Polars](https://docs.pola.rs) frame, such as
`archive.reads`. `streamwitness tables ARCHIVE --out FOLDER` writes the same as Parquet files,
together with the version of these schemas ({version}), which counts up when a column changes its
name, type or meaning, not when one is added.

Times are UTC to the microsecond. Order comes from `sequence`, never from time. A principal is
written `subject@issuer`, and is null where nobody was authenticated.
"""


def render() -> str:
    """Give the text of the page."""
    parts = [INTRODUCTION.format(version=SCHEMA_VERSION)]
    for table in TABLES:
        parts += [f"\n## `{table.name}`\n", f"A row is {table.row}.\n"]
        parts += ["| column | type | meaning |", "|---|---|---|"]
        parts += [
            f"| `{column.name}` | {_type(column.dtype)} | {column.meaning} |"
            for column in table.columns
        ]
    return "\n".join(parts) + "\n"


def _type(dtype: object) -> str:
    # All times have the same unit and zone, which the page says once.
    return re.sub(r"Datetime\([^)]*\)", "Datetime", str(dtype))


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
