"""The folder that the demo leaves behind: where each thing lies; nothing is overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from workbench.demo.errors import UsageError

DEFAULT_NAME = "streamwitness-demo"


@dataclass(frozen=True, slots=True)
class Folder:
    """The demo's folder."""

    root: Path

    @property
    def archive(self) -> Path:
        """The sealed segments: the evidence."""
        return self.root / "archive"

    @property
    def journal(self) -> Path:
        """Where the gateway writes first; empty once everything is sealed."""
        return self.root / "journal"

    @property
    def gateway_config(self) -> Path:
        """The gateway's configuration."""
        return self.root / "gateway.yaml"

    @property
    def ground_truth(self) -> Path:
        """What the clients say that they did, which no answer is computed from."""
        return self.root / "ground_truth.json"

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.root / "investigation.ipynb"

    @property
    def report(self) -> Path:
        """The report."""
        return self.root / "report.html"

    def log(self, name: str) -> Path:
        """Name the log of one program."""
        return self.root / "logs" / f"{name}.log"


def open_folder(wanted: Path | None) -> Folder:
    """Make the folder ready: the wanted one, or the first unused default in the working directory.

    Raises UsageError when the wanted one has content: the demo deletes nothing.
    """
    root = (wanted or _unused()).absolute()
    try:
        root.mkdir(parents=True, exist_ok=True)
        occupant = next(root.iterdir(), None)
        if occupant is not None:
            raise UsageError(
                f"{root} is not empty (it has {occupant.name}); nothing was touched: "
                "give --out a new or empty folder"
            )
        (root / "logs").mkdir()
    except OSError as error:
        raise UsageError(f"{root} cannot be used: {error.strerror}; give --out another") from None
    return Folder(root)


def _unused() -> Path:
    names = (DEFAULT_NAME if n == 1 else f"{DEFAULT_NAME}-{n}" for n in count(1))
    return next(path for path in map(Path, names) if not path.exists())
