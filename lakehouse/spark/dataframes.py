"""DataFrames of a few rows from the driver."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructType


def dataframe_from_rows(
    spark: SparkSession, rows: Sequence[Mapping[str, object]], schema: StructType
) -> DataFrame:
    """Return a DataFrame of a few rows.

    The rows become one JSON literal: createDataFrame would start a Python worker, which takes seconds.

    Args:
        spark: the session.
        rows: values by column name; times as datetimes.
        schema: the columns.
    """
    document = json.dumps(list(rows), default=datetime.isoformat)
    return spark.range(1).select(F.inline(F.from_json(F.lit(document), ArrayType(schema))))
