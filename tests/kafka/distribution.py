"""Apache Kafka itself: its jars, fetched once by Maven, and Java programs that run from them."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
CACHE = FOLDER.parents[1] / ".cache"
MAVEN_SECONDS = 500
TOOL_SECONDS = 90
TOOLS = "org.apache.kafka.tools"
# Start-up counts for tools that live a second, and memory for brokers that idle: the first compiler
# and the plainest collector are right for both.
JVM_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class ToolError(Exception):
    """A tool of Kafka ended with an error; the message holds what it printed."""


@cache
def kafka_version() -> str:
    """Read the version of Kafka that the tests run; pom.xml is the one place that names it."""
    found = re.search(r"<kafka\.version>(.+)</kafka\.version>", (FOLDER / "pom.xml").read_text())
    assert found is not None, "pom.xml names kafka.version"
    return found[1]


@cache
def libraries() -> Path:
    """Return the folder of Kafka's jars; Maven fills it when it does not exist yet."""
    folder = CACHE / f"kafka-{kafka_version()}"
    with _locked(CACHE / "kafka.lock"):
        if not folder.exists():
            _fetch(folder)
    return folder


def warm_up(bootstrap: str) -> None:
    """Keep the classes of the tools in loaded form: that halves what each start of one costs."""
    if _class_archive().exists():
        return
    with _locked(CACHE / "kafka.lock"):
        if _class_archive().exists():  # Made by another worker, which this one has waited for.
            return
        arriving = _class_archive().with_suffix(".arriving")
        command = java(f"{TOOLS}.TopicCommand", "--bootstrap-server", bootstrap, "--list")
        command.insert(1, f"-XX:ArchiveClassesAtExit={arriving}")
        subprocess.run(command, capture_output=True, timeout=TOOL_SECONDS, check=True)
        arriving.rename(_class_archive())


def _class_archive() -> Path:
    return CACHE / f"kafka-{kafka_version()}.jsa"


def java(main: str, *arguments: str, heap_mb: int = 128, log_level: str = "WARN") -> list[str]:
    """Return the command that runs a main class from Kafka's jars."""
    is_tool = main.startswith(TOOLS)
    archive = _class_archive()
    shared = [f"-XX:SharedArchiveFile={archive}"] if is_tool and archive.exists() else []
    # The archive is good for one order of the jars only, which a wildcard does not keep.
    jars = ":".join(str(jar) for jar in sorted(libraries().glob("*.jar")))
    return [
        "java",
        *JVM_OPTIONS,
        *shared,
        f"-Xmx{heap_mb}m",
        f"-Dlog4j2.configurationFile={FOLDER / 'log4j2.properties'}",
        f"-Dkafka.log.level={log_level}",
        *("-cp", jars),
        main,
        *arguments,
    ]


def run_tool(name: str, *arguments: str, text: str | None = None) -> str:
    """Run one of Kafka's tools (a class below org.apache.kafka.tools) and return what it printed.

    Raises ToolError when it fails.
    """
    command = java(f"{TOOLS}.{name}", *arguments)
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False
    )
    if done.returncode:
        raise ToolError(
            f"{name} {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def _fetch(folder: Path) -> None:
    if shutil.which("mvn") is None or shutil.which("java") is None:
        raise RuntimeError(
            "tests with a real Kafka need java (17 or newer) and mvn on the PATH: install them"
        )
    arriving = folder.with_suffix(".arriving")
    shutil.rmtree(arriving, ignore_errors=True)
    command: list[str | Path] = [
        "mvn",
        "-q",
        "-B",
        "-f",
        FOLDER / "pom.xml",
        "dependency:copy-dependencies",
    ]
    command += [f"-DoutputDirectory={arriving}", "-DincludeScope=runtime"]
    subprocess.run(command, timeout=MAVEN_SECONDS, check=True)
    arriving.rename(folder)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a lock file: several test processes start at once."""
    file.parent.mkdir(exist_ok=True)
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
