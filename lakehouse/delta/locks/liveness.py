"""Whether a process lives that shows it by writing an object again and again: leases, the stream's status."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

    from lakehouse.delta.locks.owner import Owner

# For how long a process is believed to live without a sign.
EXPIRY_SECONDS = 60.0


def age(answer: GetObjectOutputTypeDef) -> float:
    """Return the seconds since an object was written.

    Both times are the store's: hosts need not agree on theirs.
    """
    now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    return (now - answer["LastModified"]).total_seconds()


def is_alive(owner: Owner, seconds: float, *, expiry: float = EXPIRY_SECONDS) -> bool:
    """Return whether a process that wrote its object so long ago is believed to live.

    On its own host it is known to have ended as soon as its process is gone.
    """
    return seconds <= expiry and not owner.has_ended()
