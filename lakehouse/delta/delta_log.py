"""What a table's Delta log says about its newest commit, read without a job."""

from __future__ import annotations

import json
from typing import Any

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
    commit = filesystem.read_text(spark, f"{url}/_delta_log/{newest_version(spark, url):020}.json") or ""
    actions = (json.loads(line) for line in commit.splitlines())
    info: dict[str, Any] = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    return dict(info.get("operationMetrics", {}))
