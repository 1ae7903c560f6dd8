"""Compile what is faster compiled, where there is a compiler; without one all works, only slower.

A part of packaging: hatchling calls it when streamwitness is built or installed.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).resolve().parent
KERNEL: Final = Path("gateway/masking/json_kernel.pyx")


def compile_kernel(source: Path, folder: Path) -> Path:
    """Compile a Cython module into a folder; raises OSError or CalledProcessError."""
    target = folder / f"{source.stem}{sysconfig.get_config_var('EXT_SUFFIX')}"
    written = folder / f"{source.stem}.c"
    cython = [sys.executable, "-m", "cython", "-3", str(source), "-o", str(written)]
    subprocess.run(cython, check=True, capture_output=True)
    link = shlex.split(str(sysconfig.get_config_var("LDSHARED")))
    include = f"-I{sysconfig.get_path('include')}"
    command = [*link, "-O2", "-fPIC", include, str(written), "-o", str(target)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    finally:
        written.unlink(missing_ok=True)
    return target


class KernelHook(BuildHookInterface[Any]):
    """Brings the compiled module into a wheel, or beside its source for an editable install."""

    def initialize(self, _version: str, build_data: dict[str, Any]) -> None:
        """Compile, or say why not and go on."""
        if self.target_name != "wheel":
            return
        try:
            target = compile_kernel(ROOT / KERNEL, ROOT / KERNEL.parent)
        except (OSError, subprocess.CalledProcessError) as error:
            self.app.display_warning(f"masking goes without its compiled module: {error}")
            return
        build_data["artifacts"].append(str(target.relative_to(ROOT)))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
