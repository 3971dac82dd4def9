"""Pages of the quality report, which show examples of rejected records: search and removal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from foundation.data_subjects import Subjects
from foundation.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "quality-report"


def find_mentions(s3: S3Client, settings: Settings, subjects: Subjects) -> list[Path | str]:
    """Return the pages that mention a subject: paths under PINLAKE_HOME and keys of objects in the bucket.

    Pages that were written elsewhere or copied are not found. Costs a read of every HTML object.
    """
    bucket = settings.s3.bucket
    listing = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [
        entry["Key"]
        for page in listing
        for entry in page.get("Contents", [])
        if entry["Key"].endswith(".html")
    ]
    stored = (
        key for key in keys if subjects.are_mentioned_in(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    )
    here = (page for page in _folder(settings).glob("*.html") if subjects.are_mentioned_in(page.read_bytes()))
    return [*here, *stored]


def remove(s3: S3Client, settings: Settings, pages: list[Path | str]) -> None:
    """Remove pages; `pinlake quality report` writes them again from the tables."""
    for page in pages:
        if isinstance(page, Path):
            page.unlink(missing_ok=True)
        else:
            s3.delete_object(Bucket=settings.s3.bucket, Key=page)


def _folder(settings: Settings) -> Path:
    return settings.home / FOLDER
