"""The configuration's sections as the sealer's processes take them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from gateway.evidence.bucket.location import Location
from gateway.sealer.upload.options import UploaderOptions, UploadOptions

if TYPE_CHECKING:
    from gateway.config.model import Config

_LIBRARY: Final = "boto3"


def configured_upload(config: Config) -> UploaderOptions | None:
    """Return what is uploaded and where to, None where that is not configured.

    Raises ModuleNotFoundError where it is, and the library for it is missing.
    """
    given = config.object_storage
    if given is None:
        return None
    if find_spec(_LIBRARY) is None:
        # Told at the start, not by an uploader that dies again and again.
        raise ModuleNotFoundError(f"object_storage needs {_LIBRARY}", name=_LIBRARY)
    return UploaderOptions(
        archive=config.archive.absolute(),
        origin=config.origin(),
        memory=config.journal_directory().absolute(),
        upload=UploadOptions(
            location=Location(
                bucket=given.bucket,
                prefix=given.prefix or "",
                endpoint=given.endpoint,
                region=given.region,
            ),
            retention_days=given.retention_days,
            mode="COMPLIANCE" if given.mode == "compliance" else "GOVERNANCE",
            legal_hold=given.legal_hold,
            interval_seconds=given.interval_seconds,
            require_worm=given.require_worm,
        ),
    )
