"""The workbench: open an archive, ask who read what, and report it.

`open` (archive) verifies and loads; tables (tables) answer questions (questions), which charts
(charts), notebooks and reports (report) show. A case (case) writes down what was done.

>>> import workbench as wb
>>> archive = wb.open(wb.sample.path())
>>> archive.sessions.collect().height > 0
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.archive import open_archive as open  # noqa: A004 - wb.open reads as it should
    from workbench.case.folder import Case
    from workbench.charts.display import offline
    from workbench.charts.timeline import timeline
    from workbench.questions.bulk_exports import bulk_exports
    from workbench.questions.bypassing_writes import bypassing_writes
    from workbench.questions.coverage import cover
    from workbench.questions.credential_use import credential_use
    from workbench.questions.field_reads import did_principal_read_field
    from workbench.questions.findings import findings
    from workbench.questions.listing import listing
    from workbench.questions.principal_reads import what_did_principal_read
    from workbench.questions.received_from import who_received_from
    from workbench.questions.refusals import what_was_refused
    from workbench.questions.suspects import choose_suspect
    from workbench.questions.verdict import Answer, Proof, Verdict
    from workbench.questions.volumes import BulkThresholds
    from workbench.questions.who_read import who_read

__all__ = [
    "Answer",
    "Archive",
    "BulkThresholds",
    "Case",
    "Proof",
    "Verdict",
    "bulk_exports",
    "bypassing_writes",
    "choose_suspect",
    "cover",
    "credential_use",
    "did_principal_read_field",
    "findings",
    "listing",
    "offline",
    "open",
    "timeline",
    "what_did_principal_read",
    "what_was_refused",
    "who_read",
    "who_received_from",
]

# Where each name is; none is imported before it is used.
_NAMES: Final = {
    "Answer": ("workbench.questions.verdict", "Answer"),
    "Archive": ("workbench.archive", "Archive"),
    "BulkThresholds": ("workbench.questions.volumes", "BulkThresholds"),
    "Case": ("workbench.case.folder", "Case"),
    "Proof": ("workbench.questions.verdict", "Proof"),
    "Verdict": ("workbench.questions.verdict", "Verdict"),
    "bulk_exports": ("workbench.questions.bulk_exports", "bulk_exports"),
    "bypassing_writes": ("workbench.questions.bypassing_writes", "bypassing_writes"),
    "choose_suspect": ("workbench.questions.suspects", "choose_suspect"),
    "cover": ("workbench.questions.coverage", "cover"),
    "credential_use": ("workbench.questions.credential_use", "credential_use"),
    "did_principal_read_field": ("workbench.questions.field_reads", "did_principal_read_field"),
    "findings": ("workbench.questions.findings", "findings"),
    "listing": ("workbench.questions.listing", "listing"),
    "offline": ("workbench.charts.display", "offline"),
    "open": ("workbench.archive", "open_archive"),
    "timeline": ("workbench.charts.timeline", "timeline"),
    "what_did_principal_read": ("workbench.questions.principal_reads", "what_did_principal_read"),
    "what_was_refused": ("workbench.questions.refusals", "what_was_refused"),
    "who_read": ("workbench.questions.who_read", "who_read"),
    "who_received_from": ("workbench.questions.received_from", "who_received_from"),
}
_MODULES: Final = frozenset({"archive", "charts", "questions", "report", "sample", "tables"})


def __getattr__(name: str) -> object:
    if name in _NAMES:
        module, attribute = _NAMES[name]
        return getattr(import_module(module), attribute)
    if name in _MODULES:
        return import_module(f"workbench.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
