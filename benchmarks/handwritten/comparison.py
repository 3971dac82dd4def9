"""The comparison of the hand-written pipeline with Pinlake's, row by row and column by column.

Both get the same bronze rows: all sample pins and generated dirty records. Compared are the rows that
the gate of silver has checked (every cleaned field of every record, and why it was refused), silver, and
features.

The generated records leave out the few in which the two are known to differ:

- An object that names a field twice: Spark reads the last one, Polars the first.
- Text of a list of tags with quotes of Python, such as ['a'], which Spark takes for JSON.
- Nine characters (U+0890, U+0891, U+13439 to U+1343F) that Unicode calls invisible since version 14 or 15:
  the Unicode of Java 17 is version 13, that of Polars a newer one.
- Numbers as small as 5e-324, in fields of text: Java 17 writes them with other digits.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pyspark.sql import DataFrame, SparkSession

from benchmarks.handwritten import transform
from benchmarks.handwritten.differences import Difference, find_differences
from benchmarks.handwritten.dirty_records import NOW
from benchmarks.handwritten.pipeline import Rules
from benchmarks.handwritten.text import TextPolicy
from lakehouse.catalog.tables import BATCH
from lakehouse.gold.pin_features import check_features, to_features
from lakehouse.quality import gate as gates
from lakehouse.silver.transform import check_records, to_silver

POLICIES: tuple[TextPolicy, ...] = ("unicode", "ascii")


@dataclass(frozen=True)
class Results:
    """What a pipeline makes of bronze rows: checked records, silver and features."""

    checked: pl.DataFrame
    silver: pl.DataFrame
    features: pl.DataFrame


def compare(spark: SparkSession, bronze: pl.DataFrame, *, text_policy: TextPolicy) -> list[Difference]:
    """Return every difference between what the two pipelines make of bronze rows."""
    ours, theirs = _run_ours(spark, bronze, text_policy), _run_theirs(bronze, text_policy)
    return [
        *find_differences("checked", ours.checked, theirs.checked, key="offset"),
        *find_differences("silver", ours.silver, theirs.silver, key="unique_id"),
        *find_differences("features", ours.features, theirs.features, key="unique_id"),
    ]


def _run_theirs(bronze: pl.DataFrame, policy: TextPolicy) -> Results:
    rules = Rules.load()
    checked = transform.check_records(bronze, rules.silver, at=NOW, text_policy=policy)
    silver = transform.to_silver(checked)
    valid = transform.with_valid_features(silver, rules.features)
    return Results(
        checked.select(*transform.SILVER, "reasons"),
        silver,
        transform.to_features(valid),
    )


def _run_ours(spark: SparkSession, bronze: pl.DataFrame, policy: TextPolicy) -> Results:
    with tempfile.TemporaryDirectory(prefix="pinlake-comparison-") as folder:
        file = Path(folder) / "bronze.parquet"
        bronze.write_parquet(file)
        records = spark.read.parquet(f"file:{file}")
        gate, features_gate = (gates.open_gate(spark, table) for table in (BATCH.silver, BATCH.features))
        checked = check_records(records, gate, text_policy=policy, at=NOW).persist()
        silver = to_silver(checked)
        features = to_features(gates.valid_rows(check_features(silver, features_gate)))
        try:
            return Results(
                _to_polars(checked.select(*transform.SILVER, "reasons"), Path(folder) / "checked"),
                _to_polars(silver, Path(folder) / "silver"),
                _to_polars(features, Path(folder) / "features"),
            )
        finally:
            checked.unpersist()


def _to_polars(rows: DataFrame, folder: Path) -> pl.DataFrame:
    """Return Spark's rows by way of files, because Spark's own conversion needs pyarrow."""
    rows.write.parquet(f"file:{folder}")
    frame = pl.read_parquet(folder / "*.parquet")
    # Spark writes times without their zone, which is UTC.
    return frame.with_columns(
        pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime)
    )
