"""A Spark driver of its own that appends rows to a table, one commit a row, as soon as it is told to.

Run as `python -m tests.appender URL WRITER COMMITS`: prints "ready", waits for a line, appends, ends.
"""

from __future__ import annotations

import sys

from pyspark.sql import DataFrame, SparkSession

from lakehouse import session
from pinlake import settings as settings_module

READY = "ready"


def rows(spark: SparkSession, *, writer: str, numbers: range) -> DataFrame:
    """Return one row a number: (writer, number). No Python worker is started for them."""
    found = spark.range(numbers.start, numbers.stop, numPartitions=1)
    return found.selectExpr(f"'{writer}' AS writer", "id AS number")


def append(spark: SparkSession, url: str, *, writer: str, numbers: range) -> None:
    """Append one row a commit."""
    for number in numbers:
        one = rows(spark, writer=writer, numbers=range(number, number + 1))
        one.write.format("delta").mode("append").save(url)


def main() -> None:
    """Do what the command line says."""
    url, writer, commits = sys.argv[1:]
    spark = session.build(settings_module.load(), app=writer)
    spark.read.format("delta").load(url).schema  # noqa: B018  # the slow first look at a table
    print(READY, flush=True)
    sys.stdin.readline()
    append(spark, url, writer=writer, numbers=range(int(commits)))
    spark.stop()


if __name__ == "__main__":
    main()
