"""docs/segment-format.md: nothing of the format is missing, and its examples give what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.evidence.archive import ARCHIVE_FORMAT, MARKER
from gateway.evidence.block import (
    HEADER_BYTES_MAX,
    HEADER_MAGIC,
    SEGMENT_FORMAT,
    BlockHeader,
    BlockKind,
    CloseReason,
)
from gateway.evidence.damage import DamageKind
from gateway.evidence.event import (
    BATCH_TYPE,
    EVENT_SCHEMA,
    MASKED_TYPE,
    Event,
    EventKind,
    Extent,
    Masked,
)
from gateway.evidence.journal import MAGIC, JournalHeader
from gateway.evidence.seekable import EMPTY_CHECKSUM, FOOTER_MAGIC, SEEK_TABLE_MAGIC
from gateway.evidence.segment import END_OF_STREAM

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "segment-format.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^```(sh|python)\n(.*?)^```\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
)
COMMANDS = {"sh": ["bash", "-e", "-c"], "python": [sys.executable, "-c"]}


def section(title: str) -> str:
    """Return what stands below a heading, up to the next of its rank."""
    found = re.search(rf"^(#+) {title}\n(.*?)(?=^\1 |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {title!r}"
    return found[2]


def rows(text: str) -> dict[str, str]:
    """Return the rows of tables: what stands in code type first, and the rest."""
    return dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", text, re.MULTILINE))


def typed(text: str) -> list[tuple[str, str]]:
    """Return what a table names, with its type in the second column."""
    return [(name, rest.partition(" | ")[0]) for name, rest in rows(text).items()]


@pytest.mark.parametrize(
    ("language", "program", "output"), EXAMPLES, ids=[each[1][:20] for each in EXAMPLES]
)
def test_an_example_prints_what_the_page_says(language: str, program: str, output: str) -> None:
    """Whoever copies it sees the same."""
    done = subprocess.run(
        [*COMMANDS[language], program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (output, "", 0) == (done.stdout, done.stderr, done.returncode)


def test_there_are_examples_of_both_kinds() -> None:
    """One for the shell, one in Python, and none without its output."""
    assert {"sh", "python"} == {language for language, _, _ in EXAMPLES}
    assert len(EXAMPLES) == len(re.findall(r"^```(?:sh|python)$", PAGE, re.MULTILINE))


def test_every_column_is_explained_with_its_type() -> None:
    """Each column has its row, in the schema's order; nested ones tell their members."""
    columns, _, members = section("Rows").partition("Each of `batches`")
    nested = {
        "wall_time": "timestamp[ns, UTC]",
        "groups": "list<string>",
        "rule_ids": "list<string>",
        "masked": "list<struct>",
        "batches": "list<struct>",
    }

    assert [
        (field.name, nested.get(field.name, str(field.type))) for field in EVENT_SCHEMA
    ] == typed(columns)
    assert [(field.name, str(field.type)) for field in BATCH_TYPE] == typed(members)
    assert all(f"`{field.name}` {field.type}" in columns for field in MASKED_TYPE)


def test_every_kind_of_event_is_explained() -> None:
    """No kind is missing and none is made up."""
    assert [kind.value for kind in EventKind] == list(rows(section("Event kinds")))


def test_every_field_of_a_header_is_explained() -> None:
    """In the order in which they are written, with every value of its choices."""
    fields = rows(section("Block header"))

    assert BlockHeader.__struct_fields__ == tuple(fields)
    assert all(f"`{kind}`" in fields["kind"] for kind in BlockKind)
    assert all(f"`{reason}`" in fields["reason"] for reason in CloseReason)
    assert f"| {SEGMENT_FORMAT}." in f"| {fields['format'].partition(' | ')[2]}"


def test_every_kind_of_damage_is_explained() -> None:
    """With how it can come about."""
    assert [kind.value for kind in DamageKind] == list(rows(section("Damage")))


def test_every_field_of_a_journal_is_named() -> None:
    """Of the file's header; those of an event are columns."""
    assert all(f"`{field}`" in section("Journal") for field in JournalHeader.__struct_fields__)


def test_the_fields_of_an_event_are_the_columns_in_their_order() -> None:
    """But for what the page says, so that a journal can be read from it."""
    columns = [field.name for field in EVENT_SCHEMA]
    expected = [name for name in columns if name not in {"sequence", "boot_id", "batches"}]
    renamed = ["wall_ns" if name == "wall_time" else name for name in expected]

    assert [*renamed, "extents", "payload"] == list(Event.__struct_fields__)
    assert all(
        f"`{field}`" in section("Journal")
        for part in (Extent, Masked)
        for field in part.__struct_fields__
    )


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("Block header", f"0x{HEADER_MAGIC:08X}"),
        ("Block header", HEADER_MAGIC.to_bytes(4, "little").hex(" ")),
        ("Block header", f"{HEADER_BYTES_MAX // 2**20} MiB"),
        ("Seek table", f"0x{SEEK_TABLE_MAGIC:08X}"),
        ("Seek table", f"0x{FOOTER_MAGIC:08X}"),
        ("Seek table", f"0x{EMPTY_CHECKSUM:08X}"),
        ("Segment", END_OF_STREAM.hex(" ")),
        ("Journal", MAGIC.hex(" ")),
        ("Archive", f'{{"streamwitness_archive":{ARCHIVE_FORMAT}}}'),
        ("Archive", MARKER),
    ],
)
def test_the_bytes_on_the_page_are_those_in_the_code(title: str, value: str) -> None:
    """A reader written from the page finds what the writer writes."""
    assert value in section(title)
