"""The commands of the gateway; whatever a command needs is imported when it runs."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.approvals import commands as approvals_commands
from gateway.doctor import commands as doctor_commands
from gateway.keys import commands as key_commands
from gateway.refusing import USAGE_EXIT_CODE, refusing
from gateway.rehearsal import commands as rehearsal_commands
from gateway.retention import commands as retention_commands
from gateway.sessions import commands as sessions_commands

if TYPE_CHECKING:
    from gateway.config.model import Config
    from gateway.sealer import SealerOptions
    from gateway.server.run import Approving

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
    witness = typer.Typer(no_args_is_help=True, help="Cosign logs for others, or ask for it.")
    witness.command("run")(witness_run)
    witness.command("submit")(witness_submit)
    app.add_typer(witness, name="witness")
    app.command("verify")(verify)
    app.command("prove")(prove)
    key_commands.register(app)
    doctor_commands.register(app)
    rehearsal_commands.register(app)
    retention_commands.register(app)
    approvals_commands.register(app)
    sessions_commands.register(app)


def run(config: ConfigFile, *, check: CheckOnly = False) -> None:
    """Run the gateway until SIGTERM or SIGINT; exit code 1 means that recording failed."""
    from gateway.config.load import ConfigError, load_config

    try:
        loaded = load_config(config)
    except ConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
    if check:
        _check_policy(loaded)
        typer.echo(f"{config}: good")
        return
    raise typer.Exit(_run(loaded))


def _check_policy(config: Config) -> None:
    from gateway.config.bundle_load import BundleError
    from gateway.config.policy_load import FailedTrialsError, load_policy
    from gateway.masking.errors import MaskError

    try:
        config.masking.plans().check(load_policy(config).policy.rules)
    except (BundleError, FailedTrialsError, MaskError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None


def _run(config: Config) -> int:
    from gateway.sealer import do_without_pandas, recover_apart, sealer_command
    from gateway.server.run import Sealing, run_gateway

    do_without_pandas()
    options = _sealer_options(config)
    sealing = Sealing(recover=partial(recover_apart, options), command=sealer_command(options))
    return run_gateway(config, sealing, _approving(config))


def _approving(config: Config) -> Approving | None:
    if config.approvals is None:
        return None
    from gateway.server.approving import approving

    return partial(approving, config.approvals)


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

        with refusing():
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

    with refusing():
        if not out.name:
            raise ArchiveError(f"{out} is a folder: say what the proof's file is called in it")
        entry_file = out.with_name(f"{out.name}.entry")
        proof_file = out.with_name(f"{out.name}{SUFFIX}")
        proof, entry = prove_event(archive, origin, sequence)
        proof_file.write_bytes(proof.encode())
        entry_file.write_bytes(entry)
    typer.echo(f"written to {proof_file} and {entry_file}")


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

    with refusing():
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

    with refusing():
        folder = LogFolder(log_directory(archive, origin))
        if out is None:
            refuse_final(archive / origin)
            submit(folder, url, decode_vkey(witness_key))
        else:
            _, note = cosigned(folder, url, decode_vkey(witness_key))
            out.write_bytes(note.encode())
    typer.echo(f"cosigned: the newest checkpoint of {origin}")
