"""What a table's Delta log says about its commits, read without a job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from pyspark.sql import SparkSession

from lakehouse.spark import filesystem
from lakehouse.spark.java_classes import find_class


def newest_version(spark: SparkSession, url: str) -> int:
    """Return the newest version of the table at a URL. Costs one listing of its log.

    Delta's history would give it as well, but by a job of half a second.
    """
    log = find_class(spark, "org.apache.spark.sql.delta.DeltaLog").forTable(spark._jsparkSession, url)
    # Scala's default arguments are methods of their own in Java.
    defaults = (getattr(log, f"update$default${number}")() for number in (1, 2, 3))
    return int(log.update(*defaults).version())


def newest_metrics(spark: SparkSession, url: str) -> dict[str, str]:
    """Return the metrics that the newest commit of the table recorded. Costs a listing and one read."""
    actions = _read_commit(spark, url, newest_version(spark, url)) or ()
    info: dict[str, Any] = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    return dict(info.get("operationMetrics", {}))


def list_added_files(spark: SparkSession, url: str, versions: Iterable[int]) -> list[str] | None:
    """Return the URLs of the files that commits have added to a table and not removed again.

    Costs one read for each commit.

    Args:
        spark: the session.
        url: the URL of the table.
        versions: the versions of the commits, in order, without a gap.

    Returns:
        None if the log no longer has one of the commits.
    """
    files: dict[str, None] = {}
    for version in versions:
        actions = _read_commit(spark, url, version)
        if actions is None:
            return None
        for action in actions:
            if "add" in action:
                files[action["add"]["path"]] = None
            elif "remove" in action:
                files.pop(action["remove"]["path"], None)
    return [f"{url}/{unquote(path)}" for path in files]


def _read_commit(spark: SparkSession, url: str, version: int) -> Iterator[dict[str, Any]] | None:
    """Return the actions of a commit; None if the log does not have it."""
    text = filesystem.read_text(spark, f"{url}/_delta_log/{version:020}.json")
    return None if text is None else (json.loads(line) for line in text.splitlines())
