"""Options of the whole test run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the tests with a real Kafka."""
    group = parser.getgroup("streamwitness")
    group.addoption(
        "--broker",
        metavar="HOST:PORT",
        help="test against this running Kafka cluster instead of starting one",
    )
    group.addoption(
        "--kills",
        type=int,
        default=3,
        help="how often the tests kill the gateway under load (default: 3)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let kafka-python be imported: it reads its message definitions in an old way."""
    config.addinivalue_line(
        "filterwarnings", "ignore:(read_text|open_text) is deprecated:DeprecationWarning"
    )
