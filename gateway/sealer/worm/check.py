"""The gateway's question at its start: does the bucket hold what it is given?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.bucket.client import BucketError
from gateway.sealer.saying import say
from gateway.sealer.worm.doctor import Outcome, attack_bucket

if TYPE_CHECKING:
    from gateway.sealer.upload.options import UploadOptions


def check_worm(options: UploadOptions) -> bool:
    """Attack the bucket, write a line of the log with the result, and return whether all held."""
    bucket = str(options.location)
    try:
        findings = list(attack_bucket(options))
    except BucketError as error:
        say("worm_checked", "critical", bucket=bucket, held=0, reason=str(error))
        return False
    weak = {each.attack: each.detail for each in findings if each.outcome is not Outcome.HELD}
    held = len(findings) - len(weak)
    say("worm_checked", "critical" if weak else "info", bucket=bucket, held=held, not_held=weak)
    return not weak
