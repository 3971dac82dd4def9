"""Small objects beside the tables, written and read whole through Hadoop's file systems."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession


def read(spark: SparkSession, url: str) -> str | None:
    """Return an object's text, or None if there is none."""
    system, path = _place(spark, url)
    if not system.exists(path):
        return None
    stream = system.open(path)
    try:
        assert spark.sparkContext._jvm is not None  # a running session has one
        return str(spark.sparkContext._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
    finally:
        stream.close()


def names(spark: SparkSession, url: str) -> list[str]:
    """Return the names of the objects in a folder; none if there is no such folder."""
    system, path = _place(spark, url)
    if not system.exists(path):
        return []
    return [str(status.getPath().getName()) for status in system.listStatus(path)]


def replace(spark: SparkSession, url: str, text: str) -> None:
    """Write an object; on S3 readers see either the old or the new one."""
    system, path = _place(spark, url)
    stream = system.create(path, True)
    stream.write(bytearray(text.encode()))
    stream.close()


def size(spark: SparkSession, url: str) -> tuple[int, int]:
    """Return how many objects lie in a folder and below, and how many bytes they are."""
    system, path = _place(spark, url)
    found = system.getContentSummary(path)
    return int(found.getFileCount()), int(found.getLength())


def remove(spark: SparkSession, url: str) -> None:
    """Remove an object; one that is not there is no matter."""
    system, path = _place(spark, url)
    system.delete(path, False)


def _place(spark: SparkSession, url: str) -> tuple[Any, Any]:
    context = spark.sparkContext
    assert context._jvm is not None  # a running session has one
    path = context._jvm.org.apache.hadoop.fs.Path(url)
    return path.getFileSystem(context._jsc.hadoopConfiguration()), path
