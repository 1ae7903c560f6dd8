"""What masking costs: records a second on one core, by codec, method and size of the records."""

from __future__ import annotations

import argparse
import json
import sys
import time
from base64 import b64encode
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from benchmarks.figures import machine
from gateway.masking.batches import EXPANDED_BYTES_MAX, mask_batches
from gateway.masking.keys import parse_keys
from gateway.masking.methods import Partial, Pseudonym, Redact
from gateway.masking.plan import Mask, Undecodable, compile_plan
from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.masking.plan import Plan
    from gateway.wire.records.batch import Codec

BATCH_RECORDS: Final = 500

BATCHES: Final[tuple[tuple[Codec, int], ...]] = (
    ("none", 8),
    ("lz4", 8),
    ("zstd", 8),
    ("none", 40),
)
"""Codecs, and members of each value."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write JSON where that is asked for."""
    options = _parse(arguments)
    rates: dict[str, list[float]] = {}
    for _ in range(options.repeats):
        for codec, members in BATCHES:
            batch = make_batch(codec, members)
            for name, plan in plans().items():
                rate = _rate(batch, plan, options.seconds)
                rates.setdefault(f"{name}, {codec}, {members} fields", []).append(rate)
    _print(rates)
    if options.out is not None:
        options.out.write_text(json.dumps({"machine": machine(), "rates": rates}, indent=1))
    return 0


def plans() -> dict[str, Plan]:
    """Make the plans that are compared; the last one looks and finds nothing."""
    (key,) = parse_keys("customers", f"1 {b64encode(bytes(32)).decode()}")
    masks = {
        "redact": (Mask(method=Redact(), path="$.card.number"),),
        "partial and pseudonym": (
            Mask(method=Partial(keep_last=4), path="$.card.number"),
            Mask(method=Pseudonym(key), path="$.customer"),
        ),
        "nothing met": (Mask(method=Redact(), path="$.passport"),),
    }
    return {name: compile_plan(each, [Undecodable.BLOCK]) for name, each in masks.items()}


def make_batch(codec: Codec, members: int) -> bytes:
    """Make a batch of records whose values are JSON objects with so many members."""
    records = []
    for number in range(BATCH_RECORDS):
        fields = {f"field_{each}": f"value {number * each}" for each in range(members - 2)}
        card = {"number": f"4111{number:012}", "expires": "12/29"}
        value = {**fields, "customer": f"customer-{number}", "card": card}
        records.append(Record(number, 1_000 + number, b"key", json.dumps(value).encode()))
    return encode_batch(records, BatchOptions(codec=codec))


def _rate(batch: bytes, plan: Plan, seconds: float) -> float:
    began = time.perf_counter()
    done = 0
    while (passed := time.perf_counter() - began) < seconds:
        mask_batches(batch, plan, converts=True, expanded_bytes_max=EXPANDED_BYTES_MAX)
        done += BATCH_RECORDS
    return done / passed


def _print(rates: dict[str, list[float]]) -> None:
    table = Table("masks", "records/s, median", "least", "most")
    for name, values in rates.items():
        table.add_row(name, *(f"{pick(values):,.0f}" for pick in (median, min, max)))
    Console().print(table)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks.masking", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each figure")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="a file for the figures, as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
