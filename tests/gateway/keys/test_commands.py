"""Keys that sign and keys that open, as those who hold them make, show and destroy them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from gateway.cli import build_app
from gateway.evidence.encryption.recipients import parse_recipient
from gateway.evidence.log.certificates import check_certificate
from gateway.evidence.log.key_place import load_key
from gateway.evidence.log.keys import decode_vkey
from gateway.evidence.log.note import decode_note
from gateway.sealer.keys import SigningOptions, load_signing
from tests.gateway.evidence.encryption.test_folder import Keys
from tests.gateway.evidence.log.softhsm import PIN, tokens

if TYPE_CHECKING:
    from pathlib import Path


def invoke(*arguments: object) -> tuple[int, str]:
    """Run a command and return its exit code and what it printed."""
    done = CliRunner().invoke(build_app(), [str(each) for each in arguments])
    return done.exit_code, done.output


def test_keys_are_made_certified_and_used(tmp_path: Path) -> None:
    """From the offline root key to a gateway that signs with what it certified."""
    names = {"root": "example.com/root", "first": "example.com/gw", "second": "example.com/gw"}
    for name in names:
        more = ["--post-quantum"] if name == "second" else []
        assert invoke("key", "create", tmp_path / name, *more)[0] == 0
    shown = {key: invoke("key", "show", tmp_path / key, name)[1] for key, name in names.items()}
    root, first, second = (text.strip() for text in shown.values())
    certificate = tmp_path / "certificate"
    certify = ("key", "certify", tmp_path / "root", names["root"])
    assert invoke(*certify, first, second, "-o", certificate, "--days", "9")[0] == 0
    options = SigningOptions(
        log=names["first"],
        keys=(str(tmp_path / "first"), str(tmp_path / "second")),
        certificate=certificate,
        root=root,
    )

    assert load_signing(options, tmp_path, "gw.0").check().log == "example.com/gw"
    assert "+" in invoke("key", "show", tmp_path / "first", "w", "--witness")[1]
    for wrong in (
        ("key", "create", tmp_path / "root"),
        ("key", "show", tmp_path / "none", "a"),
        (*certify, second, "-o", certificate),
        (*certify, first, root, "-o", certificate),
        (*certify, "nonsense", "-o", certificate),
    ):
        assert invoke(*wrong)[0] == 2


def test_a_key_on_a_token_is_shown_and_certifies(tmp_path: Path) -> None:
    """So that the root key can certify it, and can lie on one itself."""
    exit_code, shown = invoke("key", "show", tokens().uri(), "example.com/gw")
    assert 0 == exit_code
    assert load_key(tokens().uri(), "example.com/gw").public == decode_vkey(shown.strip())

    root = tokens().uri("second")
    certificate = tmp_path / "certificate"
    certify = ("key", "certify", root, "example.com/root", shown.strip(), "-o", certificate)
    assert 0 == invoke(*certify)[0]
    note = decode_note(certificate.read_bytes())
    assert check_certificate(note, load_key(root, "example.com/root").public).keys

    exit_code, printed = invoke("key", "show", f"{root}&pin-value={PIN}", "a")
    assert (2, True, False) == (exit_code, "holds a PIN" in printed, PIN in printed)


def test_an_identity_is_made_and_its_recipient_shown(tmp_path: Path) -> None:
    """What `create` prints is what `show` prints, and what the configuration takes."""
    file = tmp_path / "identity"

    made = invoke("encryption-key", "create", file)

    assert made == invoke("encryption-key", "show", file)
    assert 0 == made[0]
    assert made[1].strip() == str(parse_recipient(made[1].strip()))
    assert 2 == invoke("encryption-key", "create", file)[0]


def test_keys_are_erased_with_a_trace(tmp_path: Path) -> None:
    """Twice the same name is once; the output says what an erasure does not reach."""
    kept = Keys(tmp_path, ("s1", "s2", "s3"))
    keys = kept.folder.path

    code, said = invoke("erase", keys, "s1", "s2", "s1", "--reason", "case 7")

    assert 0 == code
    assert "erased: 2" in said
    assert "backups and snapshots" in said
    assert ["s3"] == kept.folder.sessions()
    erased = kept.folder.erasures()
    assert {"s1": "case 7", "s2": "case 7"} == {each: erased[each].reason for each in erased}
    assert re.fullmatch(r"[^@]+@.+", erased["s1"].by)
    assert datetime.fromisoformat(erased["s1"].erased_at).tzinfo is not None


def test_a_session_without_a_key_is_told(tmp_path: Path) -> None:
    """Nothing is erased then."""
    kept = Keys(tmp_path)

    code, said = invoke("erase", kept.folder.path, "s1", "s9", "--reason", "case 7")

    assert 2 == code
    assert "holds no key of session s9" in said
    assert ["s1", "s2"] == kept.folder.sessions()
