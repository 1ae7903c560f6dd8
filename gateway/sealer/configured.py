"""The configuration's sections as the sealer's processes take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.bucket.location import Location
from gateway.sealer.upload.options import UploaderOptions, UploadOptions

if TYPE_CHECKING:
    from gateway.config.model import Config


def configured_upload(config: Config) -> UploaderOptions | None:
    """Return what is uploaded and where to, None where that is not configured."""
    given = config.object_storage
    if given is None:
        return None
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
