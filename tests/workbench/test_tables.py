"""The nine tables: what holds them, and how they are declared."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from workbench.tables import Tables
from workbench.tables.schemas import TABLES

if TYPE_CHECKING:
    from workbench.tables.schema import Table


def test_the_protocol_has_the_declared_tables() -> None:
    """Whoever holds tables holds these, in this order."""
    held = [name for name, member in vars(Tables).items() if isinstance(member, property)]

    assert [table.name for table in TABLES] == held


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_protocol_says_what_a_row_is(table: Table) -> None:
    """Each table is documented where it is asked for."""
    said = inspect.getdoc(vars(Tables)[table.name]) or ""

    assert said.startswith("One row per")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_has_a_name_of_its_own_and_a_meaning(table: Table) -> None:
    """A page made of the declarations leaves no cell empty."""
    names = [column.name for column in table.columns]

    assert sorted(set(names)) == sorted(names)
    assert all(column.meaning and not column.meaning.endswith(".") for column in table.columns)
