"""`streamwitness key`, `encryption-key` and `erase`; what they need is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.refusing import refusing

NewKeyFile = Annotated[Path, typer.Argument(help="The file to make.", show_default=False)]
KeyPlace = Annotated[
    str, typer.Argument(help="The private key: a file, or a pkcs11: URI.", show_default=False)
]
KeyName = Annotated[str, typer.Argument(help="The key's name, like example.com/gateway-1.")]
PostQuantum = Annotated[
    bool, typer.Option("--post-quantum", help="ML-DSA-44 instead of Ed25519, for a second key.")
]
IsWitness = Annotated[bool, typer.Option("--witness", help="As a witness's key.")]
RecorderKeys = Annotated[
    list[str], typer.Argument(help="The recorder's keys as text; an Ed25519 key first.")
]
CertificateFile = Annotated[Path, typer.Option("--out", "-o", help="The certificate to write.")]
Days = Annotated[int, typer.Option("--days", help="For how long it is good.", min=1, max=3660)]
IdentityFile = Annotated[Path, typer.Argument(help="The identity's file.", show_default=False)]
KeysFolder = Annotated[Path, typer.Argument(help="The key folder.", show_default=False)]
Sessions = Annotated[
    list[str], typer.Argument(help="The sessions whose keys go.", show_default=False)
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the log of erasures.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    key = typer.Typer(no_args_is_help=True, help="Make, show and certify keys that sign logs.")
    key.command("create")(key_create)
    key.command("show")(key_show)
    key.command("certify")(key_certify)
    app.add_typer(key, name="key")
    encryption = typer.Typer(no_args_is_help=True, help="Make and show keys that open payloads.")
    encryption.command("create")(encryption_key_create)
    encryption.command("show")(encryption_key_show)
    app.add_typer(encryption, name="encryption-key")
    app.command("erase")(erase)


def key_create(file: NewKeyFile, *, post_quantum: PostQuantum = False) -> None:
    """Draw a private key and write it to a new file that only you can read."""
    from gateway.evidence.log.signing import create_key_file

    with refusing():
        create_key_file(file, is_post_quantum=post_quantum)
    typer.echo(f"written to {file}")


def key_show(key: KeyPlace, name: KeyName, *, witness: IsWitness = False) -> None:
    """Show the public half of a key, as configuration files and command lines take it.

    A recorder's key has the name of its log.
    """
    from gateway.evidence.log.key_place import load_key

    with refusing():
        typer.echo(load_key(key, name, is_cosigner=witness).public.vkey)


def key_certify(
    root_key: KeyPlace,
    root_name: KeyName,
    keys: RecorderKeys,
    out: CertificateFile,
    days: Days = 90,
) -> None:
    """Let the root key certify that keys may sign the log whose name they have, from now on.

    Do this where the root key lies, which is not where the gateway runs.
    """
    from gateway.evidence.log.certificates import certify
    from gateway.evidence.log.key_place import load_key
    from gateway.evidence.log.keys import decode_vkey

    with refusing():
        public = [decode_vkey(key) for key in keys]
        note = certify(load_key(root_key, root_name), public, days=days)
        out.write_bytes(note.encode())
    typer.echo(note.text, nl=False)


def encryption_key_create(file: IdentityFile) -> None:
    """Draw an identity into a new file that only you can read, and show its recipient.

    The recipient goes into the gateway's configuration; the file to where archives are
    investigated, and to no gateway. `age-keygen` makes the same.
    """
    from gateway.evidence.encryption.recipients import create_identity

    with refusing():
        typer.echo(create_identity(file))


def encryption_key_show(file: IdentityFile) -> None:
    """Show the recipient of an identity."""
    from gateway.evidence.encryption.recipients import load_identity

    with refusing():
        typer.echo(str(load_identity(file).to_public()))


def erase(keys: KeysFolder, sessions: Sessions, reason: Reason) -> None:
    """Destroy the keys of sessions: what they sent and were sent can be read by nobody any more.

    The archive stays as it is and verifies as before. Exit code 2: nothing was erased, or not all.
    """
    from gateway.evidence.encryption.folder import ERASURES, KeyFolder, erasure_now

    with refusing():
        KeyFolder(keys).erase([erasure_now(session, reason) for session in dict.fromkeys(sessions)])
    typer.echo(f"erased: {len(set(sessions)):,}, logged in {keys / ERASURES}")
    typer.echo(
        "Copies of the key folder still open these sessions: erase them in backups and snapshots "
        "too. The same records are in other sessions that sent them or were sent them."
    )
