"""Read a configuration file: a `Config`, or one error that lists everything wrong with it."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import ValidationError

from gateway.config.across import Unread, disagreements
from gateway.config.authentication import KEYS_OF
from gateway.config.model import Config
from gateway.config.section import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from gateway.config.across import Found, Json, Location

Checked = TypeVar("Checked", bound=Section)

TOO_DEEP = "is nested too deeply to be a configuration"

FILE_BYTES_MAX = 4 * 1024 * 1024

# No section of a configuration lies nearly as deep, and pydantic's JSON reader goes to 200.
DEPTH_MAX = 32

_ALIAS = "alias"

# pydantic's error types that need more than its own words; what to do stands in the text.
_REMEDIES = {
    "missing": "is required: add it",
    "string_type": "must be text: quote it (YAML reads bare numbers, dates, yes and no as such)",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with the file: where, and what to do."""

    path: str
    line: int | None
    message: str

    def __str__(self) -> str:
        """Show it as one line of a report."""
        place = f" (line {self.line})" if self.line is not None else ""
        return f"{self.path or 'file'}{place}: {self.message}"


class ConfigError(Exception):
    """The file cannot be used; `problems` holds everything found, in file order."""

    def __init__(self, file: Path, problems: list[Problem]) -> None:
        super().__init__(file, problems)
        self.file = file
        self.problems = problems

    def __str__(self) -> str:
        """Show all problems, one a line."""
        count = len(self.problems)
        heading = f"{self.file}: {count} {'problem' if count == 1 else 'problems'}"
        return "\n".join([heading, *(f"  {problem}" for problem in self.problems)])


def load_config(file: Path) -> Config:
    """Read and check a file; relative paths in it count from its own folder.

    Raises ConfigError with every problem at once.
    """
    folder = file.absolute().parent
    text, problems = read_text(file)
    config = None
    if not problems:
        config, problems = checked(text, Config, lambda tree: disagreements(tree, folder))
    if config is None:
        raise ConfigError(file, problems)
    signing = None if config.signing is None else config.signing.within(folder)
    encryption = None if config.encryption is None else config.encryption.within(folder)
    approvals = None if config.approvals is None else config.approvals.within(folder)
    places: dict[str, Path | None] = {
        "archive": folder / config.archive,
        "journal": folder / config.journal,
        "policy": None if config.policy is None else folder / config.policy,
    }
    listeners = tuple(listener.within(folder) for listener in config.listeners)
    return config.model_copy(
        update={
            **places,
            "upstream": config.upstream.within(folder),
            "signing": signing,
            "encryption": encryption,
            "listeners": listeners,
            "masking": config.masking.within(folder),
            "approvals": approvals,
        }
    )


def checked(
    text: str, model: type[Checked], across: Callable[[Mapping[str, Json]], Found]
) -> tuple[Checked | None, list[Problem]]:
    """Read YAML as a section; return it, or None and everything wrong with it, in its order.

    `across` finds what does not go together in what was written.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        return None, [_syntax_problem(error)]
    except RecursionError:
        return None, [Problem(path="", line=None, message=TOO_DEEP)]
    if not isinstance(node, yaml.MappingNode):
        return None, [Problem(path="", line=1, message="must be a mapping of keys to values")]
    tree = _Tree()
    plain = tree.mapping(node, ())
    problems = tree.problems
    problems += [_told(place, message, node) for place, message in across(plain)]
    section = None
    try:
        # The JSON door of pydantic's strict mode takes lists for tuples and text for paths,
        # and still refuses "5" for 5.
        section = model.model_validate_json(json.dumps(plain, default=_nothing))
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems += [
            _problem(each, node, model.__mro__[1])
            for each in found
            if not _is_echo(each, found) and not _is_of_unread(each, node, tree.unread)
        ]
    problems.sort(key=lambda problem: problem.line or 0)
    return (None if problems else section), problems


def _nothing(_: Unread) -> None:
    """Stand for what is not known, in JSON."""


def read_text(file: Path) -> tuple[str, list[Problem]]:
    """Read a file of at most 4 MiB; return its text, or why there is none."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            message = f"is above {FILE_BYTES_MAX} bytes: is it the right file?"
            return "", [Problem(path="", line=None, message=message)]
        return raw.decode(), []
    except (OSError, UnicodeDecodeError) as error:
        return "", [Problem(path="", line=None, message=f"cannot be read: {error}")]


def _syntax_problem(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error)
    return Problem(
        path="",
        line=mark.line + 1 if mark is not None else None,
        message=f"is not YAML: {reason}",
    )


class _Loader(yaml.SafeLoader):
    """Leaves aliases as they are, at their own place, where they can be reported."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if not self.check_event(yaml.AliasEvent):
            # Nothing is looked up by anchor, so one that is set twice may be.
            self.anchors.clear()
            node: yaml.Node | None = super().compose_node(parent, index)
            return node
        event = self.get_event()  # type: ignore[no-untyped-call] # stubs lack it
        return yaml.ScalarNode(_ALIAS, event.anchor, event.start_mark, event.end_mark)


class _Tree:
    """Turns nodes into what JSON can hold, noting what YAML loaders pass over in silence."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.unread: set[yaml.Node] = set()
        self._scalars = yaml.SafeLoader("")

    def plain(self, node: yaml.Node, path: tuple[str, ...]) -> Json:
        """Return any value."""
        if len(path) > DEPTH_MAX:
            return self._unreadable(node, path, "is nested too deeply: remove it")
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, str(n))) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        return self._scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: tuple[str, ...]) -> dict[str, Json]:
        """Return a mapping."""
        mapping: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(_at(key_node, path, "has a key that is no text: remove it"))
                continue
            key = _key(key_node)
            if key in mapping:
                self.problems.append(_at(key_node, (*path, key), "is given twice: keep one"))
            mapping[key] = self.plain(value_node, (*path, key))
        return mapping

    def _scalar(self, node: yaml.Node, path: tuple[str, ...]) -> Json:
        name = node.tag.removeprefix("tag:yaml.org,2002:")
        if name in {"str", "timestamp"}:
            if _is_text(node.value):
                return str(node.value)
            return self._unreadable(node, path, "holds an escape that is no text: remove it")
        if node.tag == _ALIAS:
            return self._unreadable(node, path, "is an alias: write the value out")
        if name not in {"bool", "int", "float", "null"}:
            return self._unreadable(node, path, f"has the tag {node.tag}: write a plain value")
        try:
            value: bool | float | None = self._scalars.construct_object(node)
        except (ValueError, KeyError, IndexError):
            return self._unreadable(node, path, f"is no {name}")
        return value

    def _unreadable(self, node: yaml.Node, path: tuple[str, ...], message: str) -> Unread:
        self.problems.append(_at(node, path, message))
        self.unread.add(node)
        return Unread()


def _key(node: yaml.ScalarNode) -> str:
    """Return a key in a form that can be printed."""
    return str(node.value).encode(errors="backslashreplace").decode()


def _is_text(value: str) -> bool:
    """Tell whether text can be encoded, and name a file."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _at(node: yaml.Node, path: tuple[str, ...], message: str) -> Problem:
    return Problem(path=".".join(path), line=node.start_mark.line + 1, message=message)


def _is_echo(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """Tell whether a list is called too short only because its items have problems of their own."""
    location = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(location) and other["loc"][: len(location)] == location
        for other in errors
    )


def _is_of_unread(error: ErrorDetails, root: yaml.Node, unread: set[yaml.Node]) -> bool:
    """Tell whether an error comes of a value that is told to be unreadable; its key may be bad."""
    return error["type"] != "extra_forbidden" and _locate(root, error["loc"])[0] in unread


def _problem(details: ErrorDetails, root: yaml.Node, family: type[Section]) -> Problem:
    location = details["loc"]
    node, path = _locate(root, location)
    message = _REMEDIES.get(details["type"]) or details["msg"].removeprefix("Value error, ")
    if details["type"] == "missing":
        path = (*path, str(location[-1]))
    if location[-1:] == ("type",) and details["type"] in {"missing", "literal_error"}:
        message = "must be given as none, plain, sasl or mtls"
    if details["type"] == "extra_forbidden":
        message = f"is no key here: {_suggestion(location, family)}"
    return _at(node, path, message)


def _told(location: Location, message: str, root: yaml.Node) -> Problem:
    node, path = _locate(root, location)
    return _at(node, path, message)


def _locate(root: yaml.Node, location: Location) -> tuple[yaml.Node, tuple[str, ...]]:
    """Find the deepest node of a location and its path, leaving out pydantic's union tags."""
    node: yaml.Node = root
    path: tuple[str, ...] = ()
    for step in location:
        child = _child(node, step)
        if child is not None:
            node, path = child, (*path, str(step))
    return node, path


def _child(node: yaml.Node, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        # Of a key that is given twice, the last is what is checked.
        values = [
            value
            for key, value in node.value
            if isinstance(key, yaml.ScalarNode) and _key(key) == step
        ]
        return values[-1] if values else None
    return None


def _suggestion(location: Location, family: type[Section]) -> str:
    """Say what may have been meant by a key, of those that sections of the family have."""
    key = str(location[-1])
    known = {name for section in family.__subclasses__() for name in section.model_fields}
    near = next(iter(difflib.get_close_matches(key, sorted(known), n=1)), key)
    if len(location) > 1 and location[-3:-2] == ("authentication",):
        for kind, keys in KEYS_OF.items():
            if near in keys and location[-2] != kind:
                return f"only type: {kind} takes {near}"
    # A key of another section is not misspelled.
    return f"remove it ({family.page})" if near == key else f"did you mean {near}?"
