"""Delivery of the page to a folder or to S3."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from foundation.errors import TerminalError, TransientError, UsageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILE_NAME = "index.html"


def deliver(page: str, to: str, *, s3: S3Client) -> str:
    """Write the page as index.html and return its path or s3:// URL.

    An earlier page is replaced in one step, so that readers never see half of one.

    Args:
        page: the HTML.
        to: a folder, or s3://bucket/prefix.
        s3: the client; used only for an s3:// URL.

    Raises:
        UsageError: the URL has no bucket.
        TerminalError: the folder or the bucket cannot be written to.
        TransientError: S3 did not answer.
    """
    return _upload(page, to, s3) if to.startswith("s3://") else _write(page, Path(to))


def _write(page: str, folder: Path) -> str:
    path = folder / FILE_NAME
    part = folder / f".{FILE_NAME}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(page, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise TerminalError(
            f"the report cannot be written: {error.strerror or error}",
            where=str(folder),
            hint="Give --to a folder that you may write to.",
        ) from None
    return str(path.absolute())


def _upload(page: str, url: str, s3: S3Client) -> str:
    target = urlsplit(url)
    if not target.netloc:
        raise UsageError("the URL has no bucket", where=url, hint="Give --to s3://BUCKET/PREFIX.")
    key = "/".join(part for part in (target.path.strip("/"), FILE_NAME) if part)
    where = f"s3://{target.netloc}/{key}"
    try:
        s3.put_object(
            Bucket=target.netloc,
            Key=key,
            Body=page.encode(),
            ContentType="text/html; charset=utf-8",
            CacheControl="no-cache",
        )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise TerminalError(
            f"S3 refused the report: {code}",
            where=where,
            hint="Check that the bucket exists and that these keys may write to it.",
        ) from None
    except BotoCoreError as error:
        raise TransientError(
            f"S3 did not accept the report: {type(error).__name__}",
            where=where,
            hint="Check PINLAKE_S3_ENDPOINT and run it again.",
        ) from None
    return where
