"""Texts that the cleaning functions and Spark's own expressions clean differently."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from foundation.event import PIN_FIELDS
from lakehouse.silver.cleaning import clean
from lakehouse.silver.text import TextPolicy
from tests.spark.lakehouse.silver.expressions import cleaning as expressions


def find_differences(
    spark: SparkSession, folder: Path, *, texts: Sequence[str | None], policy: TextPolicy
) -> list[Row]:
    """Return texts that the two clean differently, if they are all fields of a pin."""
    file = folder / "texts.jsonl"
    file.write_bytes(b"\n".join(orjson.dumps({"n": n, "text": text}) for n, text in enumerate(texts)))
    rows = spark.read.schema("n int, text string").json(str(file))
    pins = rows.select("n", "text", *(F.col("text").alias(field) for field in PIN_FIELDS))
    fields = F.struct(*PIN_FIELDS, "cleaning_reasons")
    actual = clean(pins, text_policy=policy).select("n", "text", fields.alias("actual"))
    expected = expressions.clean(pins, text_policy=policy).select("n", fields.alias("expected"))
    assert actual.schema["actual"].dataType == expected.schema["expected"].dataType
    both = actual.join(expected, "n")
    assert both.count() == len(texts)
    return both.where(~F.col("actual").eqNullSafe(F.col("expected"))).take(5)
