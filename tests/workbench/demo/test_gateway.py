"""The demo's gateway gets a configuration that it accepts, and seals when it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from gateway.config.load import load_config
from gateway.identity.passwords import parse_password_hash, password_matches
from workbench.demo.cast import ACCOUNTS, Accounts, Topics
from workbench.demo.cluster import Cluster
from workbench.demo.errors import DemoError
from workbench.demo.folder import Folder, open_folder
from workbench.demo.gateway import configuration, hash_random_password, recording_gateway
from workbench.demo.processes import accepts_connections

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = Cluster(bootstrap="127.0.0.1:1", node_ids=(3, 7), topics=Topics())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder for the demo."""
    return open_folder(tmp_path / "demo")


def test_the_configuration_is_accepted(folder: Folder) -> None:
    """It has all accounts, a port for each node id in between, and the one rule."""
    content = configuration(NOWHERE, Accounts.create(), 40_000)
    folder.gateway_config.write_text(yaml.safe_dump(content))
    config = load_config(folder.gateway_config)
    (listener,) = config.listeners

    assert folder.archive == config.archive
    assert {3: 40_001, 4: 40_002, 5: 40_003, 6: 40_004, 7: 40_005} == listener.nodes.ports
    assert listener.authentication.type == "plain"
    assert set(ACCOUNTS) == {user.name for user in listener.authentication.users}
    assert [("DELETE_TOPICS",)] == [rule.apis for rule in config.forbid]


def test_no_password_is_written_down(folder: Folder) -> None:
    """The configuration holds hashes only, and these belong to the passwords."""
    accounts = Accounts.create()
    text = yaml.safe_dump(configuration(NOWHERE, accounts, 40_000))

    assert not any(password in text for password in accounts.passwords.values())
    assert password_matches("secret", parse_password_hash(hash_random_password("secret")))
    assert not password_matches("other", parse_password_hash(hash_random_password("secret")))


def test_a_gateway_that_does_not_get_ready_is_given_up(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the gateway's log, and no gateway is left running."""

    def give_up_when_listening(log: Path) -> bool:
        if _is_listening(log):
            monkeypatch.setattr("workbench.demo.processes.time.monotonic", lambda: float("inf"))
        return False

    monkeypatch.setattr("workbench.demo.gateway._is_ready", give_up_when_listening)

    with (
        pytest.raises(DemoError, match=r"did not get ready; its log is .*gateway\.log"),
        recording_gateway(NOWHERE, Accounts.create(), folder),
    ):
        pass
    port = yaml.safe_load(folder.gateway_config.read_text())["listeners"][0]["port"]
    assert not accepts_connections(port)


def test_a_gateway_that_cannot_seal_is_an_error(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exit code other than 0 means that evidence may be missing, so the demo ends."""
    monkeypatch.setattr("workbench.demo.gateway._is_ready", _is_listening)
    monkeypatch.setattr("workbench.demo.gateway.SEAL_SECONDS", 0.0)

    with (
        pytest.raises(DemoError, match="did not end well"),
        recording_gateway(NOWHERE, Accounts.create(), folder) as bootstrap,
    ):
        assert accepts_connections(int(bootstrap.rpartition(":")[2]))


def _is_listening(log: Path) -> bool:
    return '"event": "listening"' in log.read_text()
