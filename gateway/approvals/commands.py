"""`streamwitness approvals`: what reviewers do, from a terminal, over the gateway's API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import typer

USAGE_EXIT_CODE = 2
ANSWER_SECONDS = 30

RequestId = Annotated[str, typer.Argument(help="The request's id.", show_default=False)]
Url = Annotated[
    str,
    typer.Option(
        "--url", envvar="STREAMWITNESS_APPROVALS_URL", help="Where the gateway's API listens."
    ),
]
TokenFile = Annotated[
    Path,
    typer.Option(
        "--token-file",
        envvar="STREAMWITNESS_APPROVALS_TOKEN_FILE",
        help="A file with your token of the identity provider.",
    ),
]
States = Annotated[
    list[str] | None, typer.Option("--state", help="Only requests in this state; repeatable.")
]
Digest = Annotated[
    str, typer.Option("--digest", help="The digest that `approvals show` printed, whole.")
]
Comment = Annotated[str, typer.Option("--reason", help="Why; it stands in the evidence.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the evidence.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    approvals = typer.Typer(no_args_is_help=True, help="Decide about requests that are held.")
    approvals.command("list")(list_requests)
    approvals.command("show")(show)
    approvals.command("approve")(approve)
    approvals.command("deny")(deny)
    approvals.command("cancel")(cancel)
    approvals.command("revoke")(revoke)
    approvals.command("break-glass")(break_glass)
    app.add_typer(approvals, name="approvals")


def list_requests(url: Url, token_file: TokenFile, state: States = None) -> None:
    """List requests, newest first: the open ones, or those in some states."""
    query = urlencode([("state", word) for word in state or ("pending", "approved")])
    for row in _call(url, token_file, f"?{query}"):
        shown = (row["id"], row["state"], row["subject"], row["api"], row["rule_id"])
        typer.echo("  ".join(shown))


def show(request: RequestId, url: Url, token_file: TokenFile) -> None:
    """Show one request: what is asked, by whom, under which terms, with its digest and votes."""
    typer.echo(json.dumps(_call(url, token_file, f"/{request}"), indent=2))


def approve(
    request: RequestId, url: Url, token_file: TokenFile, digest: Digest, reason: Comment = ""
) -> None:
    """Approve a request that you have read; nobody approves their own."""
    body = {"verdict": "approve", "digest": digest, "reason": reason}
    _step(_call(url, token_file, f"/{request}/votes", body))


def deny(
    request: RequestId, url: Url, token_file: TokenFile, digest: Digest, reason: Comment = ""
) -> None:
    """Deny a request; one denial is enough."""
    body = {"verdict": "deny", "digest": digest, "reason": reason}
    _step(_call(url, token_file, f"/{request}/votes", body))


def cancel(request: RequestId, url: Url, token_file: TokenFile) -> None:
    """Take back your own request."""
    _step(_call(url, token_file, f"/{request}/cancel", {}))


def revoke(request: RequestId, url: Url, token_file: TokenFile, reason: Reason) -> None:
    """End what was approved, also for a client that is using it."""
    _step(_call(url, token_file, f"/{request}/revoke", {"reason": reason}))


def break_glass(request: RequestId, url: Url, token_file: TokenFile, reason: Reason) -> None:
    """Approve alone in an emergency; it raises an alarm and stands in the evidence as what it is.

    Only members of the groups that the configuration names may do so.
    """
    _step(_call(url, token_file, f"/{request}/break-glass", {"reason": reason}))


def _step(row: dict[str, Any]) -> None:
    typer.echo(f"{row['id']} is {row['state']}")


def _call(url: str, token_file: Path, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    """Call the API; ends the command with its reason where it refuses."""
    if not url.startswith(("http://", "https://")):
        _end(f"{url} is no address: write https://HOST:PORT")
    try:
        token = token_file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        _end(f"{token_file} cannot be read as a token: {error}")
    request = Request(  # noqa: S310 - the scheme was looked at
        f"{url.rstrip('/')}/api/requests{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - as above
            return json.load(answer)
    except HTTPError as error:
        with error:
            _end(f"refused ({error.code}): {error.read().decode('utf-8', 'replace')}")
    except (URLError, TimeoutError, ValueError) as error:
        _end(f"{url}: {error}")


def _end(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(USAGE_EXIT_CODE)
