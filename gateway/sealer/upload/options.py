"""What the uploader is told, as one JSON object on its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from gateway.evidence.bucket.location import Location

LockMode: TypeAlias = Literal["COMPLIANCE", "GOVERNANCE"]


class UploadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Into which bucket, and for how long nobody may change or delete what is there.

    `interval_seconds` bounds how often what changes is put anew; every version stays locked. With
    `require_worm` the gateway does not start before the bucket has withstood every attack.
    """

    location: Location
    retention_days: int
    mode: LockMode = "COMPLIANCE"
    legal_hold: bool = False
    interval_seconds: float = 60.0
    require_worm: bool = False


class UploaderOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which origin of which archive is uploaded; `memory` is the folder of its journal."""

    archive: Path
    origin: str
    memory: Path
    upload: UploadOptions


def encode_uploader(options: UploaderOptions) -> str:
    """Return the options as the uploader's process takes them."""
    return msgspec.json.encode(options, enc_hook=str).decode()


def decode_uploader(text: str) -> UploaderOptions:
    """Return the options in a text; raises ValueError."""
    return msgspec.json.decode(
        text, type=UploaderOptions, dec_hook=lambda path_type, value: path_type(value)
    )
