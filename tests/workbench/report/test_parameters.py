"""Parameters are typed as NAME=VALUE."""

from __future__ import annotations

import pytest

from workbench.report.errors import ReportError
from workbench.report.parameters import read_parameters


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("billing", "principal=billing"),
        ("billing@gateway:clients", "principal=billing@gateway:clients"),
        (None, "principal=None"),
        (True, "principal=True"),
        (12, "principal=12"),
        ([1, 2], "principal=[1, 2]"),
        ("a=b", "principal=a=b"),
        ("", "principal="),
        ("customer.email", "principal=customer.email"),
        ("__import__('os')", "principal=__import__('os')"),
    ],
)
def test_values_are_literals_or_texts(expected: object, text: str) -> None:
    """Nothing that is typed is ever run."""
    assert {"principal": expected} == read_parameters([text])


@pytest.mark.parametrize("text", ["principal", "=billing", "two words=1", "1a=b", ""])
def test_what_is_no_parameter_is_refused(text: str) -> None:
    """The message shows the form."""
    with pytest.raises(ReportError, match="write NAME=VALUE"):
        read_parameters([text])


def test_the_last_of_one_name_counts() -> None:
    """As with other commands."""
    assert {"a": 2, "b": 3} == read_parameters(["a=1", "a=2", "b=3"])
