"""What is not documented does not exist: settings, log events, commands, event kinds, APIs."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, get_args

import pytest
from pydantic import BaseModel
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

import workbench
from gateway.cli import build_app
from gateway.config.authentication import PlainAuthentication
from gateway.config.model import Config
from gateway.config.section import Section
from gateway.evidence.event import EVENT_SCHEMA, EventKind
from gateway.server.log import LogEvent
from gateway.wire.table import load
from tests.house.tree import ROOT, files, report
from tools import tables_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCS = ROOT / "docs"
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _first_cells(page: str) -> set[str]:
    """Collect what stands in code type in the first column of a page's tables."""
    return set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))


def test_every_key_of_the_configuration_has_its_row_with_its_default() -> None:
    """docs/configuration.md has a row for each key in its section's table, and no other row."""
    wanted = {(heading, key): default for heading, key, default in _keys(Config, "")}
    documented = _configuration_rows(_page("configuration.md"))
    problems = [
        f"docs/configuration.md:1: {place} is explained with default {documented.get(place)} "
        f"but has {wanted.get(place)}: mend its row"
        for place in wanted.keys() | documented.keys()
        if wanted.get(place) != documented.get(place)
    ]

    assert not problems, report(problems)


def test_every_log_event_is_explained() -> None:
    """docs/operating.md says what each means and what to do, and knows no other."""
    documented = _first_cells(_page("operating.md").partition("## Log")[2])
    problems = [
        f"docs/operating.md:1: `{event}` is in the page or in the code alone: add or remove its row"
        for event in sorted({event.value for event in LogEvent} ^ documented)
    ]

    assert not problems, report(problems)


def test_every_event_kind_is_explained() -> None:
    """docs/segment-format.md has a row for each kind of event."""
    missing = [
        f"docs/segment-format.md:1: no row for the event kind `{kind}`: say what it states"
        for kind in EventKind
        if kind.value not in _first_cells(_page("segment-format.md"))
    ]

    assert not missing, report(missing)


def test_every_column_of_evidence_is_explained() -> None:
    """docs/segment-format.md has a row for each column of a segment."""
    missing = [
        f"docs/segment-format.md:1: no row for the column `{column}`: say what it holds"
        for column in EVENT_SCHEMA.names
        if column not in _first_cells(_page("segment-format.md"))
    ]

    assert not missing, report(missing)


def test_every_table_and_column_is_explained() -> None:
    """docs/tables.md is written from the schemas themselves."""
    assert tables_page.render() == _page("tables.md"), (
        "\ndocs/tables.md:1: differs from the schemas: run `python -m tools.tables_page`"
    )


def test_every_question_is_explained() -> None:
    """docs/questions.md has a row for each function that the workbench offers."""
    documented = _first_cells(_page("questions.md"))
    missing = [
        f"docs/questions.md:1: no row for `{name}`: say what it answers"
        for name in workbench.__all__
        if inspect.isfunction(getattr(workbench, name)) and name not in documented
    ]

    assert not missing, report(missing)


def test_every_kafka_api_is_listed() -> None:
    """docs/kafka-support.md names each API of the message table, as rules name it."""
    page = _page("kafka-support.md")
    missing = [
        f"docs/kafka-support.md:1: no line about {api.name}: say what the gateway does with it"
        for api in load().values()
        if not re.search(rf"\b{api.name}\b", page)
    ]

    assert not missing, report(missing)


def test_every_command_and_option_is_explained() -> None:
    """docs/commands.md has a section for each command with its options, and no other."""
    page = _page("commands.md")
    documented = {
        heading: set(re.findall(r"^\| `(--?[\w-]+|[A-Z_]+)", section, re.MULTILINE))
        for heading, section in re.findall(
            r"^## `(streamwitness[^`]*)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
        )
    }

    wanted = dict(_commands(get_command(build_app()), "streamwitness"))
    problems = [
        f"docs/commands.md:1: `{command}` is explained with {sorted(documented.get(command, ()))}"
        f" but takes {sorted(wanted.get(command, ()))}: mend its section"
        for command in sorted(wanted.keys() | documented.keys())
        if wanted.get(command) != documented.get(command)
    ]

    assert not problems, report(problems)


def test_continuous_integration_runs_the_line_of_the_readme() -> None:
    """What a newcomer is told to run is what is run on every change."""
    *_, line = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "./run test" == line
    assert f"```\n./run demo\n{line}\n```" in readme, "\nREADME.md:1: name the two lines again"


@pytest.mark.parametrize(
    "page",
    [*files("docs", suffixes=(".md",)), *sorted(ROOT.glob("*.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page: Path) -> None:
    """A reader who follows a link inside the repository finds a file."""
    text = page.read_text(encoding="utf-8")
    broken = [
        f"{page.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 1}: "
        f"{match[1]} does not exist: mend the link"
        for match in LINK.finditer(text)
        if not (page.parent / match[1]).exists()
    ]

    assert not broken, report(broken)


def test_every_page_can_be_reached_from_the_readme() -> None:
    """A page that nothing links to is not read."""
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        todo += [
            (page.parent / target).resolve()
            for target in LINK.findall(page.read_text(encoding="utf-8"))
        ]
    unreached = [
        f"{page.relative_to(ROOT)}:1: nothing links here: link it from where a reader would look"
        for page in files("docs", suffixes=(".md",))
        if page not in seen
    ]

    assert not unreached, report(unreached)


def _commands(command: object, path: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every command that does something, with its options and arguments as a user types."""
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _commands(inner, f"{path} {name}")
        return
    assert isinstance(command, TyperCommand)
    yield (
        path,
        {
            parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.opts[0].upper()
            for parameter in command.params
            if parameter.name != "help"
        },
    )


def _configuration_rows(page: str) -> dict[tuple[str, str], str]:
    rows = {}
    heading = ""
    for line in page.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ").strip("`")
        row = re.match(r"\| `(\w+)` \| ([^|]+) \|", line)
        if row is not None:
            rows[heading, row[1]] = row[2].strip().replace("`", "")
    return rows


def _keys(section: type[BaseModel], path: str) -> Iterator[tuple[str, str, str]]:
    """Yield every key of a section and those below it, with the default as the page shows it."""
    for key, declared in section.model_fields.items():
        here = f"{path}.{key}".lstrip(".") + ("[]" if "tuple" in str(declared.annotation) else "")
        yield path or "The gateway", key, _default(section, key)
        for model in _models(declared.annotation):
            yield from _keys(model, here)


def _models(annotation: object) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _default(section: type[BaseModel], key: str) -> str:
    declared = section.model_fields[key]
    if declared.is_required():
        is_of_plain = section is PlainAuthentication and key == "users"
        return "required with plain" if is_of_plain else "required"
    if isinstance(declared.default, BaseModel):
        return "see below"
    if isinstance(declared.default, tuple):
        return f"[{', '.join(declared.default)}]"
    special = {
        "advertised_host": "host",
        "topics": "all",
        "principals": "all",
        "mapping_rules": "DEFAULT",
    }
    return special.get(key, str(declared.default).lower())
