"""How verdicts and frames look in a notebook and in a report: HTML without scripts."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import polars as pl

ROWS_SHOWN: Final = 12
_BYTES_SHOWN: Final = 48
_ITEMS_SHOWN: Final = 6
_WHOLE_FROM: Final = 1_000

# Classes are doubled where JupyterLab has rules of its own for what cells show: it aligns to the
# right, floats terms and shades every other row.
STYLE: Final = """
.sw{font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;
 margin:.4em 0;max-width:78rem}
.sw-verdict{border:1px solid rgba(127,127,127,.35);border-left:6px solid #767676;border-radius:4px;
 padding:.7em 1em .8em}
.sw-yes{border-left-color:#b3261e}.sw-no{border-left-color:#1b6e4b}
.sw-unknown{border-left-color:#9a6700}
.sw-head{display:flex;gap:.7em;align-items:baseline;flex-wrap:wrap}
.sw-question{font-weight:600;font-size:1.05em}
.sw-answer{font-weight:700;text-transform:uppercase;letter-spacing:.04em;font-size:.85em;color:#fff;
 background:#767676;border-radius:3px;padding:.12em .6em}
.sw-yes .sw-answer{background:#b3261e}.sw-no .sw-answer{background:#1b6e4b}
.sw-unknown .sw-answer{background:#9a6700}
.sw-proof{font-size:.85em;opacity:.85}
.sw-because,.sw-question{overflow-wrap:anywhere}.sw-because{margin:.35em 0 .5em}
.sw.sw dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.15em 1em;
 margin:.6em 0 0;font-size:.88em}
.sw.sw dt{opacity:.7;margin:0;font-weight:400;float:none;width:auto}.sw.sw dd{margin:0}
.sw.sw table{border-collapse:collapse;font-size:12px;font-variant-numeric:tabular-nums;
 margin:.3em 0;table-layout:auto}
.sw.sw tr,.sw.sw tbody tr{background:none}
.sw.sw th,.sw.sw td{padding:.22em .6em;text-align:left;vertical-align:top;white-space:nowrap;
 max-width:none;border-bottom:1px solid rgba(127,127,127,.25)}
.sw.sw th{border-bottom:2px solid rgba(127,127,127,.55);font-weight:600}
.sw.sw td.sw-number,.sw.sw th.sw-number{text-align:right}
.sw-scroll{overflow-x:auto}
.sw.sw-findings td,.sw.sw-findings th{white-space:normal;padding:.45em .8em}
.sw.sw-findings td:first-child{font-weight:600}.sw.sw-findings td:last-child{max-width:34rem}
.sw-count{font-size:.82em;opacity:.75}
"""


def verdict_html(
    *,
    question: str,
    answer: str,
    proof: str,
    because: str,
    frame: pl.DataFrame,
    grounds: Mapping[str, Iterable[str]],
) -> str:
    """Draw a verdict as a box: the answer, the rows to read first, and what it rests on."""
    proved = f'<span class="sw-proof">{escape(proof)}</span>' if proof else ""
    table = "" if frame.is_empty() else table_html(frame)
    return (
        f'<style>{STYLE}</style><div class="sw sw-verdict sw-{answer}">'
        f'<div class="sw-head"><span class="sw-answer">{answer}</span>'
        f'<span class="sw-question">{escape(question)}</span>{proved}</div>'
        f'<div class="sw-because">{escape(because)}</div>{table}'
        f"<dl>{''.join(_entry(name, sentences) for name, sentences in grounds.items())}</dl></div>"
    )


def table_html(frame: pl.DataFrame, *, rows_shown: int = ROWS_SHOWN, count: str = "") -> str:
    """Draw the first rows of a frame, and say below how many there are, in words if given."""
    shown = frame.head(rows_shown)
    count = count or f"{shown.height:,} of {frame.height:,} rows shown"
    if shown.is_empty():
        return f'<div class="sw-count">{count}</div>'
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    classes = [' class="sw-number"' if is_number else "" for is_number in numeric]
    head = "".join(
        f"<th{kind}>{escape(name.replace('_', ' '))}</th>"
        for name, kind in zip(frame.columns, classes, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{escape(cell_text(value))}</td>"
            for value, kind in zip(row, classes, strict=True)
        )
        + "</tr>"
        for row in shown.iter_rows()
    )
    return (
        f'<div class="sw-scroll"><table><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table></div><div class="sw-count">{count}</div>'
    )


def cell_text(value: object) -> str:
    """Write one value: times in UTC, bytes as text where they are text, nothing for null."""
    return _WRITERS.get(type(value), str)(value)


def _time_text(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1_000:03d}Z"


def _float_text(value: float) -> str:
    return f"{value:,.2f}" if abs(value) < _WHOLE_FROM else f"{value:,.0f}"


def _bytes_text(value: bytes) -> str:
    cut = value[:_BYTES_SHOWN]
    more = "…" if len(value) > _BYTES_SHOWN else ""
    try:
        text = cut.decode()
    except UnicodeDecodeError:
        return f"0x{cut.hex()}{more}"
    return (text if text.isprintable() else f"0x{cut.hex()}") + more


def _items_text(items: list[object]) -> str:
    shown = ", ".join(cell_text(item) for item in items[:_ITEMS_SHOWN])
    return shown + (f" and {len(items) - _ITEMS_SHOWN} more" if len(items) > _ITEMS_SHOWN else "")


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _: "",
    bool: lambda value: "yes" if value else "no",
    int: lambda value: f"{value:,}",
    float: _float_text,
    bytes: _bytes_text,
    datetime: _time_text,
    timedelta: lambda value: f"{value.total_seconds():,.3f} s",
    list: _items_text,
}


def _entry(name: str, sentences: Iterable[str]) -> str:
    said = "<br>".join(escape(sentence) for sentence in sentences)
    return f"<dt>{name}</dt><dd>{said}</dd>" if said else ""
