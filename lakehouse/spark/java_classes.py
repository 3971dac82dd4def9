"""Java classes in Python, each looked up once per process.

py4j keeps none of them, and searches every jar of the class path for each part of a dotted name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# The names by which pyspark looks classes up, some of them for every column.
_OF_PYSPARK = (
    "functions",
    "PythonUtils",
    "org.apache.spark.sql.functions",
    "org.apache.spark.sql.expressions.Window",
)


def find_class(spark: SparkSession, name: str) -> Any:  # noqa: ANN401 - py4j's classes are not typed
    """Return a Java class.

    Args:
        spark: a running session.
        name: the full name of the class.
    """
    jvm = spark.sparkContext._jvm
    assert jvm is not None  # a running session has a JVM
    java_class: Any = getattr(jvm, name)
    # An attribute of the object comes before py4j's lookup.
    setattr(jvm, name, java_class)
    return java_class


def keep_classes_of_pyspark(spark: SparkSession) -> None:
    """Let pyspark find its classes without a search."""
    for name in _OF_PYSPARK:
        find_class(spark, name)
