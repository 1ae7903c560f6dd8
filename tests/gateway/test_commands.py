"""The gateway's commands: what each asks of the parts behind it, and its exit codes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from gateway.commands import register
from gateway.evidence.archive import create_archive
from gateway.evidence.event import Event, EventKind
from gateway.evidence.journal import JournalWriter
from gateway.evidence.log.proof import decode_proof
from gateway.identity.passwords import parse_password_hash, password_matches
from gateway.identity.scram_credential import parse_scram_credential
from gateway.server import run as server
from tests.gateway.config.bundles import write_bundle
from tests.gateway.evidence.golden import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.config.model import Config
    from gateway.server.run import Sealing

CONFIGURATION = """
instance: a
archive: {folder}/archive
journal: {folder}/journal
upstream: {{bootstrap: ["h:1"]}}
listeners:
- {{name: l, port: 2, nodes: {{first_port: 3, count: 1}}, authentication: {{type: none}}}}
"""


@pytest.fixture
def app() -> typer.Typer:
    """An application with the gateway's commands."""
    made = typer.Typer()
    register(made)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good configuration."""
    made = tmp_path / "gateway.yaml"
    made.write_text(CONFIGURATION.format(folder=tmp_path))
    return made


def invoke(app: typer.Typer, *arguments: object, text: str = "") -> tuple[int, str]:
    """Run a command and return its exit code and what it printed."""
    done = CliRunner().invoke(app, [str(each) for each in arguments], input=text)
    return done.exit_code, done.output


@pytest.mark.parametrize("exit_code", [0, 1])
def test_run_serves_what_the_file_says(
    app: typer.Typer, file: Path, monkeypatch: pytest.MonkeyPatch, exit_code: int
) -> None:
    """The gateway's exit code is the command's, and its sealer is given the same places."""
    given: list[tuple[Config, Sealing]] = []

    def note(config: Config, sealing: Sealing, approving: object) -> int:
        assert approving is None, "nothing is said of approvals"
        given.append((config, sealing))
        return exit_code

    monkeypatch.setattr(server, "run_gateway", note)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])

    assert invoke(app, "gateway", "run", "--config", file) == (exit_code, "")
    ((config, sealing),) = given
    *command, options = sealing.command
    assert command == [sys.executable, "-P", "-m", "gateway.sealer"]
    assert json.loads(options) == {
        "archive": str(file.parent / "archive"),
        "journal": str(file.parent / "journal" / "a.0"),
        "origin": "a.0",
        "durability": "written",
        "signing": None,
        "witnesses": [],
        "upload": None,
        "timestamps": None,
        "lock_wait_seconds": 60.0,
    }

    journal = JournalWriter(
        config.journal_directory(), origin="a.0", boot_id="boot", next_sequence=0
    )
    journal.append([Event(kind=EventKind.RECORDER_START, wall_ns=1, monotonic_ns=1)])
    journal.close()
    assert sealing.recover() == 1
    assert len(list((file.parent / "archive" / "a.0" / "segments").iterdir())) == 1


def test_the_sealer_is_given_the_authority(
    app: typer.Typer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every hour where nothing else is said."""
    given: list[Sealing] = []

    def note(_: Config, sealing: Sealing, _approving: object) -> int:
        given.append(sealing)
        return 0

    monkeypatch.setattr(server, "run_gateway", note)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    text = file.read_text()
    for more in ("", ", interval_minutes: 5"):
        file.write_text(text + f'timestamps: {{url: "https://tsa.example/tsr"{more}}}\n')
        assert invoke(app, "gateway", "run", "--config", file) == (0, "")
    told = [json.loads(sealing.command[-1])["timestamps"] for sealing in given]

    assert [
        {"url": "https://tsa.example/tsr", "interval_seconds": 3600.0},
        {"url": "https://tsa.example/tsr", "interval_seconds": 300.0},
    ] == told


def test_check_starts_nothing(app: typer.Typer, file: Path) -> None:
    """A good file is called good."""
    assert invoke(app, "gateway", "run", "-c", file, "--check") == (0, f"{file}: good\n")
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_is_not_there_is_named(app: typer.Typer, tmp_path: Path) -> None:
    """A configuration that cannot be used is exit code 2, and the reason is given."""
    exit_code, printed = invoke(app, "gateway", "run", "-c", tmp_path / "none.yaml")

    assert exit_code == 2
    assert "none.yaml: 1 problem" in printed
    assert "No such file" in printed


def test_a_password_is_read_from_standard_input(app: typer.Typer) -> None:
    """What is printed is the hash of the line, without its end."""
    exit_code, printed = invoke(app, "gateway", "hash-password", text="correct horse\r\n")

    assert exit_code == 0
    assert password_matches("correct horse", parse_password_hash(printed.strip()))


def test_a_password_becomes_a_credential_for_each_kind_of_scram(app: typer.Typer) -> None:
    """Both lines go into the configuration; a client uses one of them."""
    exit_code, printed = invoke(app, "gateway", "hash-password", "--scram", text="correct horse\n")
    mechanisms = [parse_scram_credential(line)[0] for line in printed.splitlines()]

    assert exit_code == 0
    assert mechanisms == ["SCRAM-SHA-256", "SCRAM-SHA-512"]


def test_a_password_is_asked_for_twice_at_a_terminal(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip of the finger must not lock anybody out."""
    asked: list[dict[str, object]] = []

    def answer(_prompt: str, **options: object) -> str:
        asked.append(options)
        return "secret"

    monkeypatch.setattr("gateway.commands.sys.stdin", Terminal())
    monkeypatch.setattr(typer, "prompt", answer)
    with pytest.raises(SystemExit) as ended:
        app(["gateway", "hash-password"])

    assert ended.value.code == 0
    assert asked == [{"hide_input": True, "confirmation_prompt": True}]


class Terminal:
    """Standard input of somebody who sits in front of it."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def test_no_password_is_refused(app: typer.Typer) -> None:
    """An empty line is a mistake, not a password."""
    assert invoke(app, "gateway", "hash-password", text="\n") == (2, "no password was given\n")


def test_verify_tells_by_its_exit_code(app: typer.Typer, tmp_path: Path) -> None:
    """Whole is 0, no archive is 2."""
    create_archive(tmp_path / "archive", "a.0")

    assert invoke(app, "verify", tmp_path / "archive")[0] == 0
    assert invoke(app, "verify", tmp_path / "nothing", "--json")[0] == 2


def test_a_proof_is_written_with_its_entry(app: typer.Typer, tmp_path: Path) -> None:
    """Or what is in the way is said."""
    out = tmp_path / "event-7.v1"
    assert invoke(app, "prove", GOLDEN, "gateway-1", "7", "-o", out)[0] == 0
    proof = decode_proof((tmp_path / "event-7.v1.tlog-proof").read_bytes())
    nameless = [invoke(app, "prove", GOLDEN, "gateway-1", "7", "-o", each) for each in ("/", ".")]

    assert proof.check((tmp_path / "event-7.v1.entry").read_bytes()).size == 7
    assert [2, 2] == [code for code, _ in nameless]
    assert all("say what the proof's file is called" in told for _, told in nameless)
    assert invoke(app, "prove", GOLDEN, "gateway-1", "99", "-o", out)[0] == 2


UNMADE = """
rules:
  - id: mask
    effect: mask
    apis: [FETCH]
    fields: [{path: $.a, method: pseudonym, key: customers}]
"""


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("rules: []\n", (0, "")),
        ("rules: 7\n", (2, "a.yaml: rules (line 1)")),
        (UNMADE, (2, "no key is called 'customers'")),
    ],
)
def test_check_looks_at_the_policy_too(
    app: typer.Typer, file: Path, rules: str, expected: tuple[int, str]
) -> None:
    """A gateway with a bad one would deny everything."""
    write_bundle(file.parent / "policy", a=rules)
    file.write_text(f"{file.read_text()}\npolicy: policy\n")
    done = CliRunner().invoke(app, ["gateway", "run", "-c", str(file), "--check"])

    assert expected[0] == done.exit_code
    assert expected[1] in done.stderr
