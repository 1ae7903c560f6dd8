"""Bring the part of docs/tables.md that lists the columns up to date with the tables' schemas."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.tables.schemas import SCHEMA_VERSION, TABLES

PAGE = Path(__file__).parents[1] / "docs" / "tables.md"

MARK = """\
<!-- From here on written by `python -m tools.tables_page` from workbench/tables/schemas.py: change
that. -->
"""


def render() -> str:
    """Give the text of the page: what stands before the mark as it is, the rest anew."""
    prose, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    parts = [prose + MARK, f"The version of these schemas is {SCHEMA_VERSION}.\n"]
    for table in TABLES:
        parts += [f"### `{table.name}`\n", f"A row is {table.row}.\n"]
        parts += ["| column | type | meaning |", "|---|---|---|"]
        parts += [
            f"| `{column.name}` | {_type(column.dtype)} | {column.meaning} |"
            for column in table.columns
        ]
        parts.append("")
    return "\n".join(parts)


def _type(dtype: object) -> str:
    # All times have the same unit and zone, which the page says once.
    return re.sub(r"Datetime\([^)]*\)", "Datetime", str(dtype))


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
