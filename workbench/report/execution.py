"""Running a notebook in a kernel of its own, so that its outputs depend on nothing around it."""

from __future__ import annotations

import asyncio
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from workbench.report.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping

    from nbformat import NotebookNode

ARCHIVE: Final = "archive"
"""The name under which the notebook finds the archive: its true path is nobody else's business."""

_CELL_SECONDS: Final = 600
_TITLE_CHARACTERS: Final = 60
# The same order of sets, the same times, and none of the user's own start-up files.
_ENVIRONMENT: Final = {"PYTHONHASHSEED": "0", "TZ": "UTC", "PYTHONWARNINGS": "ignore"}
_METADATA: Final = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}


def execute(notebook: NotebookNode, places: Mapping[str, Path]) -> None:
    """Run every cell, and leave the outputs in the notebook.

    It runs in an empty folder with links to the places under their names. Raises ReportError with
    the cell and its error when one fails.
    """
    with _workplace(places) as folder:
        client = NotebookClient(
            notebook,
            km=_kernel(folder),
            timeout=_CELL_SECONDS,
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(folder)}},
        )
        environment = os.environ | _ENVIRONMENT | {"IPYTHONDIR": str(folder / ".ipython")}
        try:
            _finish(client.async_execute(env=environment, cleanup_kc=True))
        except CellExecutionError as error:
            raise ReportError(_failed(notebook, f"{error.ename}: {error.evalue}")) from error
        except CellTimeoutError as error:
            text = f"it did not end within {_CELL_SECONDS} s"
            raise ReportError(_failed(notebook, text)) from error
        except DeadKernelError as error:
            raise ReportError(_failed(notebook, "the kernel died")) from error
    notebook.metadata = type(notebook)(_METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)


def _finish(running: Coroutine[object, object, object]) -> None:
    """Run a coroutine to its end, also when the caller is inside of an event loop (a notebook).

    The client's own way out of that, `execute`, leaves an event loop open for the life of a thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(running)
    else:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, running).result()


def _kernel(folder: Path) -> AsyncKernelManager:
    """Prepare a kernel of this very Python, whatever kernels are installed.

    It is spoken to through sockets in the folder, where no other user of the machine can listen.
    """
    return AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        transport="ipc",
        connection_file=str(folder / ".kernel.json"),
    )


@contextmanager
def _workplace(places: Mapping[str, Path]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="streamwitness-report-") as name:
        folder = Path(name)
        for link, place in places.items():
            (folder / link).symlink_to(place.resolve(), target_is_directory=place.is_dir())
        yield folder


def _failed(notebook: NotebookNode, reason: str) -> str:
    """Name the cell that failed: the last that was begun."""
    begun = [
        (number, cell)
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code" and cell.execution_count is not None
    ]
    number, cell = begun[-1] if begun else (1, notebook.cells[0])
    first = cell.source.strip().partition("\n")[0][:_TITLE_CHARACTERS]
    return f"cell {number} of the notebook failed ({first}): {reason}; no report was written"
