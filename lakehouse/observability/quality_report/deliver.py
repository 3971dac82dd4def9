"""Delivery of the page to a folder or to S3."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from foundation.errors import TerminalError, UsageError
from foundation.object_store import ObjectStore

FILE_NAME = "index.html"


def deliver(page: str, to: str, *, store: ObjectStore) -> str:
    """Write the page as index.html and return its path or s3:// URL.

    An earlier page is replaced in one step, so that readers never see half of one.

    Args:
        page: the HTML.
        to: a folder, or s3://bucket/prefix.
        store: gives the client for an s3:// URL, which may name another bucket.

    Raises:
        UsageError: the URL has no bucket.
        TerminalError: the folder or the bucket cannot be written to.
        TransientError: S3 did not answer.
    """
    return _upload(page, to, store) if to.startswith("s3://") else _write(page, Path(to))


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


def _upload(page: str, url: str, store: ObjectStore) -> str:
    target = urlsplit(url)
    if not target.netloc:
        raise UsageError("the URL has no bucket", where=url, hint="Give --to s3://BUCKET/PREFIX.")
    key = "/".join(part for part in (target.path.strip("/"), FILE_NAME) if part)
    replace(store, bucket=target.netloc).write(
        key, page.encode(), content_type="text/html; charset=utf-8", cache_control="no-cache"
    )
    return f"s3://{target.netloc}/{key}"
