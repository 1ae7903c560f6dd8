"""What the gateway costs: throughput, latency, CPU and memory, beside the cluster without it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks import load
from benchmarks.figures import machine, median_ratio
from benchmarks.routes import Cpu, GatewayProcesses, Route, cluster, gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD_BYTES = (200, 1024)
LATENCY_RECORD_BYTES = 200
GIGABYTE = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure, for how long, and where."""

    seconds: float
    repeats: int
    rate: int
    broker: str | None
    kafka: bool
    encrypted: bool
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


class Bench:
    """One cluster with a gateway before it, and what has been measured so far."""

    def __init__(self, options: Options, direct: Route, through: Route) -> None:
        self._options = options
        self._routes = (direct, through)
        self._topics = count()
        self.samples = Samples()

    def run(self, processes: GatewayProcesses) -> None:
        """Measure everything on both routes in turn; every other time the gateway is first."""
        for repeat in range(self._options.repeats):
            routes = self._routes if repeat % 2 == 0 else self._routes[::-1]
            for record_bytes in RECORD_BYTES:
                for route in routes:
                    self._throughput(route, record_bytes, processes)
            for route in routes:
                self._latency(route, processes)

    def _throughput(self, route: Route, record_bytes: int, processes: GatewayProcesses) -> None:
        with load.topic(self._routes[0].bootstrap, self._topic()) as name:
            before = processes.cpu()
            written = load.write_for(route, name, record_bytes, self._options.seconds)
            between = processes.cpu()
            read = load.read_all(route, name, written)
            after = processes.cpu()
        for verb, done, cpu in (
            ("write", written, between - before),
            ("read", read, after - between),
        ):
            figure = f"{verb} {record_bytes} B"
            self.samples.add(f"{figure}: records/s", route.name, done.records_per_second)
            self.samples.add(f"{figure}: MB/s", route.name, done.megabytes_per_second)
            if route is self._routes[1]:
                self._note_cpu(figure, done.megabytes * 1e6 / GIGABYTE, cpu)

    def _note_cpu(self, figure: str, gigabytes: float, cpu: Cpu) -> None:
        for process, seconds in asdict(cpu).items():
            self.samples.add(f"{figure}: CPU s/GB, {process}", "gateway", seconds / gigabytes)

    def _latency(self, route: Route, processes: GatewayProcesses) -> None:
        rate, seconds = self._options.rate, self._options.seconds
        with load.topic(self._routes[0].bootstrap, self._topic()) as name:
            before = processes.cpu()
            latency = load.time_steady_rate(route, name, LATENCY_RECORD_BYTES, rate, seconds)
            used = processes.cpu() - before
        if route is self._routes[1]:
            for process, cpu_seconds in asdict(used).items():
                figure = f"{rate}/s: CPU ms/record, {process}"
                self.samples.add(figure, route.name, 1000 * cpu_seconds / (rate * seconds))
        for percentile, milliseconds in asdict(latency).items():
            what, _, which = percentile.partition("_")
            figure = f"{rate}/s: ms to {what}, {which}"
            self.samples.add(figure, route.name, milliseconds)

    def _topic(self) -> str:
        return f"benchmark-{next(self._topics)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write JSON where that is asked for."""
    options = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="streamwitness-benchmark-") as name:
        folder = Path(name)
        with (
            cluster(folder, broker=options.broker, kafka=options.kafka) as upstream,
            gateway(folder, upstream, is_encrypting=options.encrypted) as (through, processes),
        ):
            bench = Bench(options, Route(name="direct", bootstrap=upstream), through)
            bench.run(processes)
    peaks = {
        "gateway": processes.gateway_rss_bytes_max / 1e6,
        "sealer": processes.sealer_rss_bytes_max / 1e6,
    }
    for process, megabytes in peaks.items():
        bench.samples.add(f"peak memory, MB, {process}", "gateway", megabytes)
    Console().print(_table(bench.samples))
    if options.out is not None:
        result = {
            "machine": machine(),
            "seconds": options.seconds,
            "samples": bench.samples.by_figure,
        }
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def _table(samples: Samples) -> Table:
    table = Table("figure", title="direct and through the gateway: medians, median of ratios")
    for heading in ("direct", "gateway", "ratio"):
        table.add_column(heading, justify="right")
    for figure, routes in samples.by_figure.items():
        direct, through = routes.get("direct"), routes["gateway"]
        table.add_row(
            figure,
            f"{median(direct):,.2f}" if direct else "",
            f"{median(through):,.2f}",
            f"{median_ratio(through, direct):.2f}" if direct else "",
        )
    return table


def _parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=3, help="of everything, in one run")
    parser.add_argument("--rate", type=int, default=500, help="records a second, for latency")
    parser.add_argument("--broker", help="HOST:PORT of a cluster, instead of the embedded broker")
    parser.add_argument("--kafka", action="store_true", help="start a real Kafka (needs Java)")
    parser.add_argument("--encrypted", action="store_true", help="let the gateway encrypt")
    parser.add_argument("--out", type=Path, help="file for all samples, as JSON")
    return Options(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
