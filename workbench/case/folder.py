"""The folder of a case: which archives it is about, and what was done with them.

CASE/case.json        names the case and its archives
CASE/custody.jsonl    the custody log
CASE/exports/         frames that were taken out
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.files import make_directory
from gateway.evidence.log.keys import decode_vkey
from gateway.evidence.log.trust import Trust
from workbench.archive import Archive, open_archive
from workbench.case.custody import CUSTODY, Action, CustodyLog, Entry, Thing
from workbench.case.errors import CaseError
from workbench.case.exports import write_frame
from workbench.case.opened import verified
from workbench.case.settings import (
    SETTINGS,
    Settings,
    hash_of,
    read_settings,
    settings_of,
    shown,
    write_new,
)
from workbench.questions.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

EXPORTS: Final = "exports"
SUMS: Final = ("SHA256SUMS.sig", "SHA256SUMS")


class Case:
    """A responder's working folder.

    >>> import tempfile
    >>> import workbench as wb
    >>> folder = tempfile.TemporaryDirectory()
    >>> case = wb.Case.create(f"{folder.name}/case", name="leak", archives=[wb.sample.path()])
    >>> archive = case.archive()
    >>> reads = wb.who_read(archive, "payments", partition=0, offset=12)
    >>> case.export(reads, "who-read.parquet").name
    'who-read.parquet'
    >>> [str(entry.action) for entry in case.log.read().entries]
    ['case_created', 'archive_opened', 'exported']
    >>> folder.cleanup()
    """

    def __init__(self, folder: Path, settings: Settings, log: CustodyLog) -> None:
        self.folder = folder
        self.settings = settings
        self.log = log

    @classmethod
    def create(
        cls,
        folder: str | Path,
        *,
        name: str,
        archives: Sequence[str | Path],
        root_key: str | None = None,
        by: str | None = None,
    ) -> Case:
        """Make a new case in a folder that is new or empty; `by` is the name of who works on it.

        Raises CaseError, and ArchiveError when one of the archives is none.
        """
        folder = Path(folder)
        settings = settings_of(folder, name=name, archives=archives, root_key=root_key)
        if folder.is_dir() and any(folder.iterdir()):
            raise CaseError(f"{folder} is not empty: choose a new folder for the case")
        make_directory(folder)
        content = msgspec.json.format(msgspec.json.encode(settings)) + b"\n"
        write_new(folder / SETTINGS, content)
        log = CustodyLog(folder, by)
        thing = Thing(name=SETTINGS, sha256=sha256(content).hexdigest())
        log.append(Action.CASE_CREATED, thing, {"name": name, "archives": settings.archives})
        return cls(folder, settings, log)

    @classmethod
    def open(cls, folder: str | Path, *, by: str | None = None) -> Case:
        """Open a case; raises CaseError when there is none, or it is not as it was recorded."""
        folder = Path(folder)
        settings, content = read_settings(folder)
        log = CustodyLog(folder, by)
        entries = log.read().entries
        recorded = entries[0].thing if entries else None
        if recorded is None or recorded.sha256 != sha256(content).hexdigest():
            raise CaseError(
                f"{folder / SETTINGS} is not the one that the first line of {CUSTODY} names: "
                "one of the two was changed; compare both with a copy"
            )
        return cls(folder, settings, log)

    def archive_path(self, name: str | None = None) -> Path:
        """Return where an archive lies; without a name, that of the only one. Raises CaseError."""
        archives = self.settings.archives
        if name is None and len(archives) == 1:
            name = next(iter(archives))
        if name not in archives:
            raise CaseError(f"say which archive: the case has {', '.join(archives)}")
        return self.folder / archives[name]

    def archive(
        self,
        name: str | None = None,
        *,
        keys: str | Path | None = None,
        identity: str | Path | None = None,
    ) -> Archive:
        """Verify an archive, record what that came to, and open it, with keys if it is encrypted.

        Raises CaseError, and ArchiveError when it is no longer there or the keys do not fit.
        """
        path = self.archive_path(name)
        root = self.settings.root_key
        trust = Trust(root=None if root is None else decode_vkey(root))
        details = verified(path, trust) | {"with_keys": keys is not None}
        opened = open_archive(path, keys=keys, identity=identity)
        self.log.append(Action.ARCHIVE_OPENED, Thing(name=shown(path, self.folder)), details)
        return opened

    def export(
        self,
        found: Verdict | pl.DataFrame | pl.LazyFrame,
        name: str,
        *,
        question: str = "",
        parameters: Mapping[str, object] | None = None,
    ) -> Path:
        """Write rows to a new file among the exports and record it, as CSV or Parquet by its name.

        `question` says where a frame comes from: a question, or the expression that gave it; a
        verdict says it itself. Raises CaseError; then there is no file.
        """
        answer: dict[str, object] = {}
        if isinstance(found, Verdict):
            answer = {"answer": str(found.answer)}
            question, parameters = question or found.question, parameters or found.parameters
            found = found.rows
        if not question:
            raise CaseError(f"say with `question` where the rows of {name} come from")
        frame = found.lazy().collect()
        path = write_frame(frame, self.folder / EXPORTS, name)
        given = {key: repr(value) for key, value in sorted((parameters or {}).items())}
        details = {"question": question, **answer, "parameters": given, "rows": frame.height}
        try:
            self.log.append(Action.EXPORTED, self._file(path), details)
        except CaseError:
            path.unlink()
            raise
        return path

    def add_report(self, report: str | Path) -> Entry:
        """Record a report that was built; raises CaseError."""
        return self.log.append(Action.REPORT_BUILT, self._file(Path(report)))

    def add_package(self, package: str | Path, *, verdict: str) -> Entry:
        """Record an evidence package that was written, by the hash of its list of hashes."""
        return self.log.append(Action.PACKAGED, self._package(Path(package)), {"verdict": verdict})

    def hand_over(self, package: str | Path, *, to: str) -> Entry:
        """Record that a package was given to somebody; raises CaseError."""
        return self.log.append(Action.HANDED_OVER, self._package(Path(package)), {"to": to})

    def note(self, text: str) -> Entry:
        """Record a remark; raises CaseError."""
        return self.log.append(Action.NOTED, details={"text": text})

    def _package(self, package: Path) -> Thing:
        if package.is_file():
            return self._file(package)
        for name in SUMS:
            if (package / name).is_file():
                return self._file(package / name)
        raise CaseError(f"{package} is no package: it is no file and holds no {SUMS[-1]}")

    def _file(self, path: Path) -> Thing:
        return Thing(name=shown(path, self.folder), sha256=hash_of(path))
