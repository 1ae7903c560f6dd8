"""The compiled scanner of JSON texts, built for the tests: they fail where it cannot be."""

from __future__ import annotations

from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

import pytest

from hatch_build import KERNEL, ROOT, compile_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.masking.json_reference import Edit
    from gateway.masking.paths import State


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, State], list[Edit]]:
    """Compile the source that stands here, and no older one that was installed."""
    built = compile_kernel(ROOT / KERNEL, tmp_path_factory.mktemp("kernel"))
    name = f"gateway.masking.{KERNEL.stem}"
    spec = spec_from_file_location(name, built, loader=ExtensionFileLoader(name, str(built)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    find_values: Callable[[bytes, State], list[Edit]] = module.find_values
    return find_values
