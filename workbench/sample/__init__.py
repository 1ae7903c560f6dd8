"""A synthetic breach: a real archive, small and always the same, and the truth about it.

A *cluster* (cluster) holds the log as a broker would. *Clients* (clients) talk to it, and the
events that a gateway between them records (messages) go to a *recorder* (recorder). The *story*
(story) says who does what and when: services take orders and payments (services, business), and on
one morning somebody uses a stolen credential (intruder). What really happened comes along as values
(truth), so that an answer can be checked.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workbench.sample.recorder import write_archive
from workbench.sample.story import tell

if TYPE_CHECKING:
    from workbench.sample.truth import Truth

_kept: Final[list[tempfile.TemporaryDirectory[str]]] = []


def write(archive: Path, *, bypass: bool = True) -> Truth:
    """Write the sample as an archive into a folder that is new or empty, and return the truth.

    Without `bypass` every record passed through the gateway.
    """
    rows, truth = tell(bypass=bypass)
    write_archive(archive, rows)
    return truth


def truth() -> Truth:
    """Return what really happened in the sample."""
    return tell(bypass=True)[1]


@cache
def path() -> Path:
    """Return an archive with the sample; it is made once and goes when the process ends."""
    directory = tempfile.TemporaryDirectory(prefix="streamwitness-sample-")
    _kept.append(directory)
    archive = Path(directory.name) / "sample"
    write(archive)
    return archive
