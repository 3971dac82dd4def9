"""Spark and delta-rs writers of one table on S3 at once: the table has every row exactly once."""

from __future__ import annotations

from pyspark.sql import SparkSession

from foundation.settings import Settings
from tests.appended import Appended


def test_sessions_and_delta_rs_at_once(spark: SparkSession, stack: Settings) -> None:
    table = Appended(spark, stack, bucket=stack.s3.bucket, checkpoint_interval=5)

    table.race(writers=2, commits=4, by_delta_rs=8, joins=1)

    assert table.checkpoints() >= 2
