"""Small objects next to the tables, written and read whole through Hadoop's file systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakehouse.spark.java_classes import find_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def read_text(spark: SparkSession, url: str) -> str | None:
    """Return an object's text, or None if there is no such object."""
    system, path = _system_and_path(spark, url)
    if not system.exists(path):
        return None
    stream = system.open(path)
    try:
        return str(find_class(spark, "org.apache.commons.io.IOUtils").toString(stream, "UTF-8"))
    finally:
        stream.close()


def list_names(spark: SparkSession, url: str) -> list[str]:
    """Return the names of the objects in a folder; an empty list if there is no such folder."""
    system, path = _system_and_path(spark, url)
    if not system.exists(path):
        return []
    return [str(status.getPath().getName()) for status in system.listStatus(path)]


def write_text(spark: SparkSession, url: str, text: str) -> None:
    """Write an object, replacing an older one; on S3 readers see either the old or the new one."""
    system, path = _system_and_path(spark, url)
    stream = system.create(path, True)
    stream.write(bytearray(text.encode()))
    stream.close()


def measure_folder(spark: SparkSession, url: str) -> tuple[int, int]:
    """Return the number of objects in a folder and its subfolders, and their size in bytes."""
    system, path = _system_and_path(spark, url)
    summary = system.getContentSummary(path)
    return int(summary.getFileCount()), int(summary.getLength())


def delete(spark: SparkSession, url: str) -> None:
    """Delete an object; do nothing if there is no such object."""
    system, path = _system_and_path(spark, url)
    system.delete(path, False)


def _system_and_path(spark: SparkSession, url: str) -> tuple[Any, Any]:
    path = find_class(spark, "org.apache.hadoop.fs.Path")(url)
    return path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()), path
