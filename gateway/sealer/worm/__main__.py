"""The check as a process: the gateway's own never loads the storage's library."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from gateway.sealer.upload.options import UploaderOptions, decode_uploader
from gateway.sealer.worm.check import check_worm

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Attack the bucket; return 0 when every attack was withstood, else 1."""
    parser = argparse.ArgumentParser(prog="python -m gateway.sealer.worm", description=__doc__)
    parser.add_argument("options", type=decode_uploader, help="UploaderOptions as a JSON object")
    options: UploaderOptions = parser.parse_args(arguments).options
    return 0 if check_worm(options.upload) else 1


if __name__ == "__main__":
    sys.exit(main())
