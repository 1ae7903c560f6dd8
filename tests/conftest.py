"""Options of the whole test run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

# The same examples every day, so that a red test is red for everybody, and no clock: machines that
# run tests are busy. `--hypothesis-profile nightly` looks further, elsewhere each time.
settings.register_profile("daily", deadline=None, derandomize=True, database=None)
settings.register_profile("nightly", deadline=None, max_examples=5_000)


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
    """Choose the examples, and let kafka-python be imported: it reads resources in an old way."""
    if config.getoption("--hypothesis-profile") is None:
        settings.load_profile("daily")
    config.addinivalue_line(
        "filterwarnings", "ignore:(read_text|open_text) is deprecated:DeprecationWarning"
    )
