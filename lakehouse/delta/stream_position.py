"""How far the stream lane has read, as its checkpoint says; without Spark."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHECKPOINT = "checkpoints/stream"


def read(s3: S3Client, bucket: str, *, topic: str) -> dict[int, int]:
    """Return the offset that is read next of each partition; empty before the first micro-batch is done.

    Costs one listing and one small object.

    Args:
        s3: the client.
        bucket: the bucket's name.
        topic: the stream's.
    """
    commits = f"{_CHECKPOINT}/commits/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=commits)
    names = (entry["Key"].removeprefix(commits) for page in pages for entry in page.get("Contents", []))
    last = max((int(name) for name in names if name.isdecimal()), default=None)
    if last is None:
        return {}
    found = s3.get_object(Bucket=bucket, Key=f"{_CHECKPOINT}/offsets/{last}")["Body"].read()
    # A version, what Spark remembers of its settings, and where each source ends.
    ends = json.loads(found.splitlines()[2])
    return {int(partition): offset for partition, offset in ends.get(topic, {}).items()}
