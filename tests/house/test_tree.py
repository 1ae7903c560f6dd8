"""The tree holds nothing of the place where it was written."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from tests.house.tree import CODE, PACKAGES, ROOT, files, modules, report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = (
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".yml",
    ".yaml",
    ".ipynb",
    ".js",
    ".css",
    ".html",
    ".json",
    ".xml",
)
FOLDERS = (*CODE, "docs", "notebooks", "deploy")

HOME = re.compile(r"(?<![\w./-])/(?:home|Users|root|work|mnt|private)/(?!someone\b)[\w.-]+")
REGISTRY = re.compile(
    r"(?:index-url|extra-index-url|find-links|trusted-host|registry|index)[=\s\"':]+\w+://\S+"
    r"|\b[\w.-]*(?:artifactory|nexus)[\w-]*\.[\w.-]+"
    r"|\b(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|maven(?:\.apache)?|golang|debian)\.org"
    r"|\bcrates\.io"
)
URL_HOST = re.compile(r"https?://([\w.-]+)")
# Names without a dot, names of vocabularies and formats that look like addresses, and names that
# are set aside for examples (RFC 2606).
NO_CONTACT = re.compile(
    r"[\w-]+|127\.0\.0\.1|www\.w3\.org|vega\.github\.io|[\w.-]+\.(?:example|test|invalid)"
    r"|ontology\.(?:case|unifiedcyber)ontology\.org"
)
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
# What examples and tests may name besides this machine: addresses that are nobody's on the
# internet, set aside for private networks (RFC 1918) and for documentation (RFC 5737, RFC 3849).
NOBODYS = [
    ipaddress.ip_network(each)
    for each in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
]

BANNED_NAMES = re.compile(r"(?:Manager|Helper|Helpers|Util|Utils|Base|Handler)$")
BANNED_MODULES = frozenset(
    {"base", "common", "data", "handlers", "helpers", "info", "manager", "misc", "util", "utils"}
)


def _texts() -> Iterator[tuple[Path, int, str]]:
    """Yield every line of every text of ours, with its place."""
    on_top = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".")]
    for path in [*files(*FOLDERS, suffixes=TEXT), *on_top, *(ROOT / ".ci").glob("*")]:
        if path.name == "messages.json":
            continue  # generated from Kafka's definitions, one line
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield path.relative_to(ROOT), number, line


def test_no_path_of_somebodys_machine_is_left() -> None:
    """The tree works wherever it is unpacked."""
    problems = [
        f"{path}:{number}: {match[0]}: take the path from a setting, or from the file's own place"
        for path, number, line in _texts()
        for match in HOME.finditer(line)
    ]

    assert not problems, report(problems)


def test_no_package_registry_is_named() -> None:
    """Where packages come from is the machine's setting, not ours."""
    problems = [
        f"{path}:{number}: {match[0]}: leave it to the configuration of pip, uv or Maven"
        for path, number, line in _texts()
        if path.name != "test_tree.py"
        for match in REGISTRY.finditer(line)
    ]

    assert not problems, report(problems)


def test_no_address_of_a_real_machine_is_named() -> None:
    """Tests and examples talk to this machine only."""
    problems = [
        f"{path}:{number}: {match[0]}: use 127.0.0.1, or 192.0.2.0/24 where it is only shown"
        for path, number, line in _texts()
        for match in IPV4.finditer(line)
        if not _is_nobodys(match[0])
    ]

    assert not problems, report(problems)


def test_code_names_no_host_of_the_internet() -> None:
    """Nothing here calls home; pages link to specifications, code does not."""
    problems = [
        f"{path}:{number}: {match[0]}: nothing of ours may need the internet"
        for path, number, line in _texts()
        if path.suffix not in {".md", ".toml"} and path.name != "LICENSE"
        for match in URL_HOST.finditer(line)
        if not NO_CONTACT.fullmatch(match[1])
    ]

    assert not problems, report(problems)


def test_names_say_what_a_thing_is() -> None:
    """Words that fit everything say nothing."""
    problems = [
        f"{module.at(1)}: the module's name fits everything: name it after what it does"
        for module in modules(*PACKAGES)
        if module.path.stem in BANNED_MODULES
    ]
    problems += [
        f"{module.path}: class {name}: name it after what it is"
        for module in modules(*PACKAGES)
        for name in re.findall(r"^\s*class (\w+)", module.text, re.MULTILINE)
        if BANNED_NAMES.search(name)
    ]

    assert not problems, report(problems)


def test_scripts_can_be_started() -> None:
    """A clone's two scripts are executable."""
    for script in ("run", ".ci/run"):
        assert (ROOT / script).stat().st_mode & 0o111, f"{script}:1: chmod +x {script}"


def _is_nobodys(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return True  # four numbers that are no address
    return (
        address.is_loopback
        or address.is_unspecified
        or any(address in network for network in NOBODYS)
    )
