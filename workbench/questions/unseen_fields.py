"""A field that no delivered value has, whoever was given it: most likely a typing error."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.questions.encrypted import about_encrypted
from workbench.questions.field_names import shown
from workbench.questions.fields import ABSENT, find_field
from workbench.questions.json_values import names_in, read_json
from workbench.questions.names import is_topic, near

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.questions.json_values import FieldPath
    from workbench.tables import Tables

# Near names are a courtesy: values of one topic look alike.
_VALUES_LOOKED_INTO: Final = 200


def about_unseen(tables: Tables, topic: str, path: FieldPath) -> str:
    """Say that no value of the topic has such a field; nothing where one has, or may have."""
    delivered = tables.records.filter(is_topic(topic), pl.col("direction") == "delivered").select(
        "value"
    )
    status = find_field(pl.col("value"), path).struct["status"]
    found = delivered.unique().select(status=status).unique().collect()["status"].to_list()
    if found != [ABSENT] or about_encrypted(tables, topic):
        return ""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    names = dict.fromkeys(_names(delivered.head(_VALUES_LOOKED_INTO).collect()["value"]))
    close = near(name, names)
    meant = f": did you mean {' or '.join(close)}?" if close else "."
    return f" No value of {topic} that anybody was given has a field of that name{meant}"


def _names(values: pl.Series) -> Iterator[str]:
    for value in values:
        # Parsers differ in how deep and how long they read.
        with suppress(ValueError, RecursionError):
            # A key that may be a value is not shown, and nobody means it.
            yield from (name for name in names_in(read_json(value or "{}")) if name == shown(name))
