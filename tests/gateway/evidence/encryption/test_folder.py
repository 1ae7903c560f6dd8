"""The key folder: keys are kept durably, found again, and erased with a trace."""

from __future__ import annotations

import json
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.encryption.folder import ERASURES, Erasure, KeyFolder
from gateway.evidence.encryption.recipients import (
    create_identity,
    load_identity,
    parse_recipient,
)
from gateway.evidence.encryption.sealed import DataKey
from gateway.evidence.errors import EncryptionError

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = b"card 4111 1111 1111 1111"


class Keys:
    """A folder with the keys of some sessions, and who can open them."""

    def __init__(self, folder: Path, sessions: tuple[str, ...] = ("s1", "s2")) -> None:
        self.identity_file = folder / "identity"
        self.recipient = parse_recipient(create_identity(self.identity_file))
        self.identity = load_identity(self.identity_file)
        self.folder = KeyFolder(folder / "keys")
        self.folder.create()
        self.keys = {session: DataKey.draw(session) for session in sessions}
        for session, key in self.keys.items():
            self.folder.keep(session, key, [self.recipient])


@pytest.fixture
def kept(tmp_path: Path) -> Keys:
    """Make a folder with two keys."""
    return Keys(tmp_path)


def erasure(session: str) -> Erasure:
    """Give a line of the log of erasures."""
    return Erasure(
        session=session, erased_at="2026-01-01T00:00:00Z", by="dana@host", reason="case 7"
    )


def test_a_key_is_found_again_by_each_recipient(tmp_path: Path) -> None:
    """One file serves all that the configuration names."""
    folder = KeyFolder(tmp_path / "keys")
    folder.create()
    names = ("first", "second")
    recipients = [parse_recipient(create_identity(tmp_path / name)) for name in names]
    key = DataKey.draw("s1")
    folder.keep("s1", key, recipients)

    opened = [folder.unwrap("s1", load_identity(tmp_path / name)) for name in names]

    assert [PLAIN, PLAIN] == [each.unseal(key.seal(PLAIN)) for each in opened]


def test_folder_and_files_are_their_owners_alone(kept: Keys) -> None:
    """Others cannot even collect the wrapped keys."""
    modes = [kept.folder.path, *kept.folder.path.iterdir()]

    assert [0o700, 0o600, 0o600] == [stat.S_IMODE(path.stat().st_mode) for path in modes]
    assert ["s1", "s2"] == kept.folder.sessions()


def test_age_itself_opens_a_key(kept: Keys) -> None:
    """The content of a session can be had with tools of others alone."""
    file = kept.folder.path / "s1.age"

    said = subprocess.run(
        ["age", "--decrypt", "--identity", kept.identity_file, file],
        capture_output=True,
        check=True,
    )

    found = json.loads(said.stdout)
    assert {"streamwitness_data_key", "session", "key"} == found.keys()
    assert (1, "s1") == (found["streamwitness_data_key"], found["session"])


def test_a_session_has_one_key(kept: Keys) -> None:
    """A second one would make what was sealed with the first unreadable."""
    with pytest.raises(FileExistsError):
        kept.folder.keep("s1", DataKey.draw("s1"), [kept.recipient])

    assert kept.keys["s1"].key_id == kept.folder.unwrap("s1", kept.identity).key_id


def test_another_identity_opens_nothing(kept: Keys, tmp_path: Path) -> None:
    """The message names the file."""
    create_identity(tmp_path / "other")

    with pytest.raises(EncryptionError, match=r"s1\.age cannot be opened"):
        kept.folder.unwrap("s1", load_identity(tmp_path / "other"))


def test_a_key_that_was_put_under_another_session_is_refused(kept: Keys) -> None:
    """The file says whose it is."""
    (kept.folder.path / "s1.age").rename(kept.folder.path / "s3.age")

    with pytest.raises(EncryptionError, match="holds no key of this session"):
        kept.folder.unwrap("s3", kept.identity)


@pytest.mark.parametrize("content", [b"", b"age-encryption.org/v1\n", b"x" * 400])
def test_a_damaged_key_file_is_an_error(kept: Keys, content: bytes) -> None:
    """Whatever stands in it."""
    (kept.folder.path / "s1.age").write_bytes(content)

    with pytest.raises(EncryptionError, match="cannot be opened"):
        kept.folder.unwrap("s1", kept.identity)


@pytest.mark.parametrize("session", ["../s1", "", "a/b", ".hidden"])
def test_a_session_whose_name_is_a_path_is_refused(kept: Keys, session: str) -> None:
    """Names in an archive are foreign."""
    with pytest.raises(EncryptionError, match="cannot be used in a file name"):
        kept.folder.has(session)


def test_an_erased_key_is_gone_and_its_erasure_told(kept: Keys) -> None:
    """The file goes, the log says which, when, by whom and why, and other keys stay."""
    kept.folder.erase([erasure("s1")])

    assert ["s2"] == kept.folder.sessions()
    assert {"s1": erasure("s1")} == kept.folder.erasures()
    assert kept.keys["s2"].key_id == kept.folder.unwrap("s2", kept.identity).key_id


def test_a_key_is_overwritten_before_it_goes(kept: Keys) -> None:
    """A second name of the file, as a snapshot may be, holds zeros."""
    snapshot = kept.folder.path.parent / "snapshot"
    snapshot.hardlink_to(kept.folder.path / "s1.age")
    size = snapshot.stat().st_size

    kept.folder.erase([erasure("s1")])

    assert bytes(size) == snapshot.read_bytes()


def test_all_keys_are_erased_or_none(kept: Keys) -> None:
    """A name that was typed wrong must not leave half of a list erased."""
    with pytest.raises(EncryptionError, match="holds no key of session s9"):
        kept.folder.erase([erasure("s1"), erasure("s9")])

    assert ["s1", "s2"] == kept.folder.sessions()
    assert {} == kept.folder.erasures()


def test_who_erases_again_is_told_who_did_before(kept: Keys) -> None:
    """There is nothing left to do."""
    kept.folder.erase([erasure("s1")])

    with pytest.raises(EncryptionError, match="dana@host erased it at 2026-01-01T00:00:00Z"):
        kept.folder.erase([erasure("s1")])


@pytest.mark.parametrize("torn", [b'{"session":"s0","er', b'{"x":' + b"[" * 100_000, b"\xff"])
def test_a_torn_line_hides_no_other_erasure(kept: Keys, torn: bytes) -> None:
    """A crash may end the log anywhere; what is erased later begins a line of its own."""
    log = kept.folder.path / ERASURES
    log.write_bytes(b'{"session":"\xff","erased_at":""}\n' + torn)

    kept.folder.erase([erasure("s1")])
    kept.folder.erase([erasure("s2")])

    assert {"s1", "s2"} == kept.folder.erasures().keys()
    assert 4 == len(log.read_bytes().splitlines())
