"""The commands of the gateway; whatever a command needs is imported when it runs."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.doctor import commands as doctor_commands
from gateway.retention import commands as retention_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config.model import Config
    from gateway.sealer import SealerOptions

USAGE_EXIT_CODE = 2

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", help="The configuration file (docs/configuration.md)."),
]
ArchiveFolder = Annotated[Path, typer.Argument(help="The archive's folder.", show_default=False)]
ArchivePlace = Annotated[
    str,
    typer.Argument(help="The archive's folder, or s3://BUCKET/PREFIX.", show_default=False),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print a JSON document (docs/verifying.md) instead.")
]
RootKey = Annotated[
    str | None,
    typer.Option("--root-key", help="The root key that you trust, as text or as a file with it."),
]
WitnessKeys = Annotated[
    list[str] | None,
    typer.Option("--witness-key", help="A witness that must have cosigned; repeatable."),
]
WitnessedFiles = Annotated[
    list[Path] | None,
    typer.Option("--witnessed", help="A cosigned checkpoint that was kept elsewhere; repeatable."),
]
TimestampAuthorities = Annotated[
    list[Path] | None,
    typer.Option(
        "--timestamp-authority",
        help="Certificates (PEM) of the authority that you trust to have timestamped; repeatable.",
    ),
]
OriginName = Annotated[str, typer.Argument(help="The origin.", show_default=False)]
EventNumber = Annotated[
    int, typer.Argument(help="The event's sequence number.", min=0, show_default=False)
]
ProofFile = Annotated[
    Path, typer.Option("--out", "-o", help="The proof's file; its ending is added.")
]
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
WitnessKey = Annotated[
    str,
    typer.Option(
        "--key", help="The witness's private key: a file, or a pkcs11: URI.", show_default=False
    ),
]
WitnessName = Annotated[
    str, typer.Option("--name", help="The witness's name, like witness.example.com/w1.")
]
MemoryFolder = Annotated[
    Path, typer.Option("--memory", help="Where it keeps what it saw last of each log.")
]
LogKeys = Annotated[
    list[str], typer.Option("--log-key", help="A key of a log that it cosigns; repeatable.")
]
ListenAddress = Annotated[str, typer.Option("--listen", help="HOST:PORT to listen on.")]
WitnessUrl = Annotated[
    str, typer.Argument(help="Where the witness listens: http://HOST:PORT.", show_default=False)
]
OneWitnessKey = Annotated[
    str, typer.Option("--witness-key", help="The witness's public key, as text.")
]
CosignedFile = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="Keep the cosigned checkpoint there instead, for --witnessed."
    ),
]
IdentityFile = Annotated[Path, typer.Argument(help="The identity's file.", show_default=False)]
KeysFolder = Annotated[Path, typer.Argument(help="The key folder.", show_default=False)]
Sessions = Annotated[
    list[str], typer.Argument(help="The sessions whose keys go.", show_default=False)
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the log of erasures.")]
ForScram = Annotated[
    bool, typer.Option("--scram", help="As credentials for SCRAM-SHA-256 and SCRAM-SHA-512.")
]
CheckOnly = Annotated[
    bool, typer.Option("--check", help="Check the configuration, say what is wrong, and end.")
]


def register(app: typer.Typer) -> None:
    """Add the gateway's commands to the application."""
    gateway = typer.Typer(no_args_is_help=True, help="Run the recording gateway.")
    gateway.command("run")(run)
    gateway.command("hash-password")(hash_password)
    app.add_typer(gateway, name="gateway")
    key = typer.Typer(no_args_is_help=True, help="Make, show and certify keys that sign logs.")
    key.command("create")(key_create)
    key.command("show")(key_show)
    key.command("certify")(key_certify)
    app.add_typer(key, name="key")
    witness = typer.Typer(no_args_is_help=True, help="Cosign logs for others, or ask for it.")
    witness.command("run")(witness_run)
    witness.command("submit")(witness_submit)
    app.add_typer(witness, name="witness")
    encryption = typer.Typer(no_args_is_help=True, help="Make and show keys that open payloads.")
    encryption.command("create")(encryption_key_create)
    encryption.command("show")(encryption_key_show)
    app.add_typer(encryption, name="encryption-key")
    app.command("erase")(erase)
    app.command("verify")(verify)
    app.command("prove")(prove)
    doctor_commands.register(app)
    retention_commands.register(app)


def run(config: ConfigFile, *, check: CheckOnly = False) -> None:
    """Run the gateway until SIGTERM or SIGINT; exit code 1 means that recording failed."""
    from gateway.config.load import ConfigError, load_config

    try:
        loaded = load_config(config)
    except ConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
    if check:
        typer.echo(f"{config}: good")
        return
    raise typer.Exit(_run(loaded))


def _run(config: Config) -> int:
    from gateway.sealer import do_without_pandas, recover_apart, sealer_command
    from gateway.server.run import Sealing, run_gateway

    do_without_pandas()
    options = _sealer_options(config)
    sealing = Sealing(recover=partial(recover_apart, options), command=sealer_command(options))
    return run_gateway(config, sealing)


def _sealer_options(config: Config) -> SealerOptions:
    from gateway.sealer import SealerOptions, SigningOptions, TimestampOptions, WitnessOptions
    from gateway.sealer.configured import configured_upload

    given = config.signing
    signing = (
        None
        if given is None
        else SigningOptions(
            log=given.log,
            keys=given.keys,
            certificate=given.certificate,
            root=given.root_key,
            previous=given.previous_key,
            is_previous_lost=given.previous_key_is_lost,
        )
    )
    return SealerOptions(
        archive=config.archive,
        journal=config.journal_directory(),
        origin=config.origin(),
        durability=config.durability_of().text,
        signing=signing,
        witnesses=tuple(WitnessOptions(url=each.url, key=each.key) for each in config.witnesses),
        timestamps=None
        if (stamps := config.timestamps) is None
        else TimestampOptions(url=stamps.url, interval_seconds=60 * stamps.interval_minutes),
        upload=configured_upload(config),
    )


def hash_password(*, scram: ForScram = False) -> None:
    """Turn a password into the hash that the configuration takes.

    The password is asked for, or read from standard input when that is no terminal; it is never
    an argument, where other users of the machine could see it.
    """
    from gateway.identity import passwords, scram_credential

    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        typer.echo("no password was given", err=True)
        raise typer.Exit(USAGE_EXIT_CODE)
    if not scram:
        typer.echo(passwords.hash_password(password))
        return
    for mechanism in scram_credential.HASH_NAMES:
        typer.echo(scram_credential.make_scram_credential(mechanism, password))


def verify(
    archive: ArchivePlace,
    *,
    root_key: RootKey = None,
    witness_key: WitnessKeys = None,
    witnessed: WitnessedFiles = None,
    timestamp_authority: TimestampAuthorities = None,
    as_json: AsJson = False,
) -> None:
    """Verify that an archive is as it was written: structure, hashes, chain, log and signatures.

    Exit code 0 means whole, 1 damaged, and 2 that there is no archive or a key cannot be read.
    """
    from gateway.verify_command import Trusted, verify_archive

    authority = None
    if timestamp_authority:
        from gateway.evidence.log.authority import load_authority

        with _refusing():
            authority = load_authority(timestamp_authority)
    trusted = Trusted(
        root_key=root_key,
        witness_keys=witness_key or (),
        witnessed=witnessed or (),
        authority=authority,
    )
    raise typer.Exit(verify_archive(archive, trusted, as_json=as_json))


def prove(
    archive: ArchiveFolder, origin: OriginName, sequence: EventNumber, out: ProofFile
) -> None:
    """Write a proof that the signed log holds an event, to be checked without the archive.

    Beside the proof stands the entry that it is about: the header of the event's block.
    Exit code 2 means that there is none to give.
    """
    from gateway.evidence.errors import ArchiveError
    from gateway.evidence.log.proof import SUFFIX
    from gateway.evidence.prove import prove_event

    with _refusing():
        if not out.name:
            raise ArchiveError(f"{out} is a folder: say what the proof's file is called in it")
        entry_file = out.with_name(f"{out.name}.entry")
        proof_file = out.with_name(f"{out.name}{SUFFIX}")
        proof, entry = prove_event(archive, origin, sequence)
        proof_file.write_bytes(proof.encode())
        entry_file.write_bytes(entry)
    typer.echo(f"written to {proof_file} and {entry_file}")


def key_create(file: NewKeyFile, *, post_quantum: PostQuantum = False) -> None:
    """Draw a private key and write it to a new file that only you can read."""
    from gateway.evidence.log.signing import create_key_file

    with _refusing():
        create_key_file(file, is_post_quantum=post_quantum)
    typer.echo(f"written to {file}")


def key_show(key: KeyPlace, name: KeyName, *, witness: IsWitness = False) -> None:
    """Show the public half of a key, as configuration files and command lines take it.

    A recorder's key has the name of its log.
    """
    from gateway.evidence.log.key_place import load_key

    with _refusing():
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

    with _refusing():
        public = [decode_vkey(key) for key in keys]
        note = certify(load_key(root_key, root_name), public, days=days)
        out.write_bytes(note.encode())
    typer.echo(note.text, nl=False)


@contextmanager
def _refusing() -> Iterator[None]:
    from gateway.evidence.errors import EvidenceError

    try:
        yield
    except (EvidenceError, OSError) as error:
        typer.echo(f"streamwitness: {error}", err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None


def witness_run(
    key: WitnessKey,
    name: WitnessName,
    memory: MemoryFolder,
    log_key: LogKeys,
    listen: ListenAddress = "127.0.0.1:8443",
) -> None:
    """Cosign the logs of these keys over HTTP, each only as long as it grows, until SIGTERM.

    Run it where nobody who can reach the archive can reach its key or its memory.
    """
    from gateway.witness.serve import serve

    with _refusing():
        serve(key=key, name=name, memory=memory, log_keys=log_key, listen=listen)


def witness_submit(
    archive: ArchiveFolder,
    origin: OriginName,
    url: WitnessUrl,
    witness_key: OneWitnessKey,
    out: CosignedFile = None,
) -> None:
    """Have an origin's newest checkpoint cosigned, and keep the cosignature with it."""
    from gateway.evidence.log.folder import LogFolder, log_directory
    from gateway.evidence.log.keys import decode_vkey
    from gateway.evidence.sums import refuse_final
    from gateway.witness.submit import cosigned, submit

    with _refusing():
        folder = LogFolder(log_directory(archive, origin))
        if out is None:
            refuse_final(archive / origin)
            submit(folder, url, decode_vkey(witness_key))
        else:
            _, note = cosigned(folder, url, decode_vkey(witness_key))
            out.write_bytes(note.encode())
    typer.echo(f"cosigned: the newest checkpoint of {origin}")


def encryption_key_create(file: IdentityFile) -> None:
    """Draw an identity into a new file that only you can read, and show its recipient.

    The recipient goes into the gateway's configuration; the file to where archives are
    investigated, and to no gateway. `age-keygen` makes the same.
    """
    from gateway.evidence.encryption.recipients import create_identity

    with _refusing():
        typer.echo(create_identity(file))


def encryption_key_show(file: IdentityFile) -> None:
    """Show the recipient of an identity."""
    from gateway.evidence.encryption.recipients import load_identity

    with _refusing():
        typer.echo(str(load_identity(file).to_public()))


def erase(keys: KeysFolder, sessions: Sessions, reason: Reason) -> None:
    """Destroy the keys of sessions: what they sent and were sent can be read by nobody any more.

    The archive stays as it is and verifies as before. Exit code 2: nothing was erased, or not all.
    """
    from gateway.evidence.encryption.folder import ERASURES, KeyFolder, erasure_now

    with _refusing():
        KeyFolder(keys).erase([erasure_now(session, reason) for session in dict.fromkeys(sessions)])
    typer.echo(f"erased: {len(set(sessions)):,}, logged in {keys / ERASURES}")
    typer.echo(
        "Copies of the key folder still open these sessions: erase them in backups and snapshots "
        "too. The same records are in other sessions that sent them or were sent them."
    )
