"""What each durability mode costs: one broker and one load, direct and through a gateway of each.

All gateways run at the same time and only one has something to do, so that whatever else the
machine does hits all modes alike.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks import load
from benchmarks.figures import machine
from benchmarks.routes import Route, cluster, gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

DIRECT = "direct"
MODES: dict[str, dict[str, object]] = {
    "written": {"durability": "written"},
    "bounded": {"durability": "bounded", "bounded_ms": 50},
    "strict": {"durability": "strict"},
}
RECORD_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure, for how long, and where."""

    seconds: float
    repeats: int
    rate: int
    broker: str | None
    kafka: bool
    folder: Path | None
    out: Path | None


@dataclass(slots=True, kw_only=True)
class Samples:
    """What was measured, by figure and route, in the order of the repeats."""

    by_figure: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, figure: str, route: str, value: float) -> None:
        """Note one value."""
        self.by_figure[figure][route].append(value)

    def added(self, figure: str, route: str) -> float:
        """Tell how much more than the direct route's neighbour in time, in the median."""
        values = self.by_figure[figure]
        pairs = zip(values[route], values[DIRECT], strict=True)
        return median(value - direct for value, direct in pairs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write JSON where that is asked for."""
    options = _parse(arguments)
    samples = Samples()
    with ExitStack() as stack:
        made = tempfile.TemporaryDirectory(prefix="streamwitness-", dir=options.folder)
        folder = Path(stack.enter_context(made))
        upstream = stack.enter_context(cluster(folder, broker=options.broker, kafka=options.kafka))
        routes = [Route(name=DIRECT, bootstrap=upstream)]
        for mode, keys in MODES.items():
            place = folder / mode
            place.mkdir()
            through, _ = stack.enter_context(gateway(place, upstream, keys))
            routes.append(Route(name=mode, bootstrap=through.bootstrap))
        _measure(routes, options, samples)
    Console().print(_table(samples))
    if options.out is not None:
        result = {"machine": machine(), "seconds": options.seconds, "samples": samples.by_figure}
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def _measure(routes: Sequence[Route], options: Options, samples: Samples) -> None:
    topics = count()
    for repeat in range(options.repeats):
        # Each time another is first, and so each has each neighbour.
        turned = [*routes[repeat % len(routes) :], *routes[: repeat % len(routes)]]
        for route in turned:
            with load.topic(routes[0].bootstrap, f"durability-{next(topics)}") as name:
                latency = load.time_steady_rate(
                    route, name, RECORD_BYTES, options.rate, options.seconds
                )
            for percentile, milliseconds in asdict(latency).items():
                what, _, which = percentile.partition("_")
                figure = f"{options.rate}/s: ms to {what}, {which}"
                samples.add(figure, route.name, milliseconds)
        for route in turned:
            with load.topic(routes[0].bootstrap, f"durability-{next(topics)}") as name:
                written = load.write_for(route, name, RECORD_BYTES, options.seconds)
                read = load.read_all(route, name, written)
            samples.add("write, MB/s", route.name, written.megabytes_per_second)
            samples.add("read, MB/s", route.name, read.megabytes_per_second)


def _table(samples: Samples) -> Table:
    table = Table("figure", title="medians; in brackets the median of what was added to direct")
    for route in (DIRECT, *MODES):
        table.add_column(route, justify="right")
    for figure, routes in samples.by_figure.items():
        cells = [f"{median(routes[DIRECT]):,.2f}"]
        for mode in MODES:
            added = f" ({samples.added(figure, mode):+,.2f})" if " ms " in figure else ""
            cells.append(f"{median(routes[mode]):,.2f}{added}")
        table.add_row(figure, *cells)
    return table


def _parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durability", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=4, help="of everything, in one run")
    parser.add_argument("--rate", type=int, default=200, help="records a second, for latency")
    parser.add_argument("--broker", help="HOST:PORT of a cluster, instead of the embedded broker")
    parser.add_argument("--kafka", action="store_true", help="start a real Kafka (needs Java)")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured")
    parser.add_argument("--out", type=Path, help="file for all samples, as JSON")
    return Options(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
