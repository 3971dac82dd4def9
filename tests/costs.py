"""What a part of a test costs in Spark jobs."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import SparkSession


def count_jobs(spark: SparkSession, work: Callable[[], object]) -> int:
    """Do the work and return how many Spark jobs it has started, in any thread."""
    scheduler = spark.sparkContext._jsc.sc().dagScheduler()
    before = int(scheduler.numTotalJobs())
    work()
    return int(scheduler.numTotalJobs()) - before
