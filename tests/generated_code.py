"""The Java code that Spark generates for a plan."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame

# HotSpot never compiles a longer method: it would be interpreted for good.
LONGEST_COMPILED_METHOD = 8_000


def largest_generated_method(frame: DataFrame) -> int:
    """Return the bytes of the largest method of all stages of a plan, with adaptive execution off.

    Compiles the plan, but runs no job.
    """
    jvm: Any = frame.sparkSession._jvm
    debug = getattr(getattr(jvm.org.apache.spark.sql.execution.debug, "package$"), "MODULE$")
    stages = debug.codegenStringSeq(frame._jdf.queryExecution().executedPlan())
    return max(int(stages.apply(number)._3().maxMethodCodeSize()) for number in range(stages.size()))
