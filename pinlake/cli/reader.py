"""What commands that read without Spark begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from foundation.settings import Settings
    from lakehouse.query.table_reader import TableStore


def open_store(settings: Settings) -> TableStore:
    """Return the store of the settings; nothing is asked of it yet."""
    from lakehouse.query.table_reader import TableStore

    def connect() -> S3Client:
        from foundation.clients import s3_client  # boto3 costs half of a second

        return s3_client(settings.s3)

    return TableStore(settings.s3, connect)
