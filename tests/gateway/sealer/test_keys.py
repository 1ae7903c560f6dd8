"""The sealer signs with the operator's keys, or with one of its own that vouches for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.certificates import check_certificate
from gateway.evidence.log.signing import create_key_file, load_signer
from gateway.sealer.keys import SigningOptions, load_signing
from tests.gateway.evidence.log.signed import OTHER_ROOT, ROOT, certificate

if TYPE_CHECKING:
    from pathlib import Path

LOG = "example.com/log"


def given(folder: Path, root: str = ROOT.public.vkey) -> SigningOptions:
    """Make a key, and have it certified."""
    create_key_file(folder / "key.pem")
    note = certificate(load_signer(folder / "key.pem", LOG))
    (folder / "certificate").write_bytes(note.encode())
    return SigningOptions(
        log=LOG, keys=(str(folder / "key.pem"),), certificate=folder / "certificate", root=root
    )


def test_without_keys_one_is_made_and_kept(tmp_path: Path) -> None:
    """For its owner alone, and the same at every start."""
    first = load_signing(None, tmp_path, "gw.0")
    again = load_signing(None, tmp_path, "gw.0")

    assert "streamwitness/gw.0" == first.log
    assert first.signers[0].public == again.signers[0].public
    assert first.root == again.root
    assert first.check().covers(0) is False
    assert 0o700 == (tmp_path / "keys").stat().st_mode & 0o777
    assert {"certificate", "recorder.pem", "root"} == {
        path.name for path in (tmp_path / "keys").iterdir()
    }


def test_a_making_that_was_cut_off_is_done_again(tmp_path: Path) -> None:
    """The key stays; only its certificate is new."""
    first = load_signing(None, tmp_path, "gw.0")
    (tmp_path / "keys" / "certificate").unlink()
    again = load_signing(None, tmp_path, "gw.0")

    assert first.signers[0].public == again.signers[0].public
    assert again.check().keys == (first.signers[0].public,)


def test_the_operator_s_keys_are_used(tmp_path: Path) -> None:
    """Under the name and the certificate that come with them."""
    found = load_signing(given(tmp_path), tmp_path / "journal", "gw.0")

    assert (LOG, ROOT.public) == (found.log, found.root)
    assert check_certificate(found.certificate, ROOT.public).log == LOG


@pytest.mark.parametrize("harm", ["key", "certificate", "mode", "root", "previous"])
def test_what_cannot_be_used_is_said_at_the_start(tmp_path: Path, harm: str) -> None:
    """Nothing is recorded that could not be signed."""
    options = given(tmp_path, root="nonsense" if harm == "root" else ROOT.public.vkey)
    match harm:
        case "key" | "certificate":
            (tmp_path / {"key": "key.pem", "certificate": "certificate"}[harm]).unlink()
        case "mode":
            (tmp_path / "key.pem").chmod(0o644)
        case "previous":
            options = SigningOptions(
                log=LOG,
                keys=options.keys,
                certificate=options.certificate,
                root=options.root,
                previous=str(tmp_path / "none"),
            )
    with pytest.raises(ArchiveError, match="cannot be used"):
        load_signing(options, tmp_path, "gw.0")
    assert OTHER_ROOT.public != ROOT.public
