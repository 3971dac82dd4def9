"""The comparison of the hand-written pipeline with Pinlake's, row by row and column by column.

Both get the same bronze rows: all sample pins and generated dirty records. Compared are the rows that
the gate of silver has checked (every cleaned field of every record, and why it was refused), silver, and
features.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
from pyspark.sql import DataFrame, SparkSession

from benchmarks.handwritten import transform
from benchmarks.handwritten.dirty_records import NOW, generate
from benchmarks.handwritten.pipeline import Rules
from benchmarks.handwritten.text import TextPolicy
from foundation.errors import TerminalError
from lakehouse.catalog.tables import BATCH
from lakehouse.gold.pin_features import check_features, to_features
from lakehouse.quality import gate as gates
from lakehouse.silver.transform import check_records, to_silver

_SHOWN = 20


@dataclass(frozen=True)
class Difference:
    """A value that differs.

    Attributes:
        rows: checked, silver or features.
        key: offset of a checked record, unique_id of the others.
        column: the column; "row" if only one of the pipelines has the row.
        ours: Pinlake's value.
        theirs: the value of the hand-written pipeline.
    """

    rows: str
    key: Any
    column: str
    ours: Any
    theirs: Any


@dataclass(frozen=True)
class Results:
    """What a pipeline makes of bronze rows: checked records, silver and features."""

    checked: pl.DataFrame
    silver: pl.DataFrame
    features: pl.DataFrame


def require_equality(spark: SparkSession, *, dirty: int, seed: int = 1) -> int:
    """Compare the pipelines under both text policies and return the number of records compared.

    Raises:
        TerminalError: a value differs; the error names the first ones.
    """
    compared = 0
    for policy in ("unicode", "ascii"):
        bronze = generate(dirty, random=Random(seed))
        differences = compare(spark, bronze, text_policy=policy)
        if differences:
            raise TerminalError(
                f"the hand-written pipeline differs in {len(differences)} values, such as "
                + "; ".join(map(str, differences[:_SHOWN])),
                where=f"text policy {policy}",
                hint="Correct it first: what is timed must do the same.",
            )
        compared += len(bronze)
    return compared


def compare(spark: SparkSession, bronze: pl.DataFrame, *, text_policy: TextPolicy) -> list[Difference]:
    """Return every difference between what the two pipelines make of bronze rows."""
    ours, theirs = _run_ours(spark, bronze, text_policy), _run_theirs(bronze, text_policy)
    return [
        *find_differences("checked", ours.checked, theirs.checked, key="offset"),
        *find_differences("silver", ours.silver, theirs.silver, key="unique_id"),
        *find_differences("features", ours.features, theirs.features, key="unique_id"),
    ]


def find_differences(
    rows: str, ours: pl.DataFrame, theirs: pl.DataFrame, *, key: str
) -> Iterator[Difference]:
    """Yield the differences of two frames with the same columns, in which a key occurs once."""
    if ours.schema != theirs.schema:
        yield Difference(rows, None, "schema", ours.schema, theirs.schema)
        return
    for one, other, is_ours in ((ours, theirs, True), (theirs, ours, False)):
        for each in one.join(other, key, "anti")[key]:
            yield Difference(rows, each, "row", is_ours, not is_ours)
    both = ours.join(theirs, key, suffix="/theirs", maintain_order="left")
    for name in ours.columns:
        if name != key:
            differing = both.filter(pl.col(name).ne_missing(pl.col(f"{name}/theirs")))
            for row in differing.select(key, name, f"{name}/theirs").iter_rows():
                yield Difference(rows, row[0], name, row[1], row[2])


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
