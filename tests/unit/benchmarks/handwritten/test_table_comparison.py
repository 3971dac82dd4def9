"""The comparison of the tables of two pipelines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import polars as pl
import pytest

from benchmarks.handwritten.differences import Difference, require_none
from benchmarks.handwritten.dirty_records import NOW, generate
from benchmarks.handwritten.pipeline import Rules
from benchmarks.handwritten.table_comparison import compare_tables
from benchmarks.handwritten.tables import DeltaTables
from benchmarks.handwritten.transform import check_records, to_features, to_silver
from foundation.errors import TerminalError
from lakehouse.catalog.tables import BATCH


def _tables(folder: Path, silver: pl.DataFrame) -> DeltaTables:
    tables = DeltaTables(str(folder), {})
    tables.ensure(BATCH.silver, BATCH.features)
    tables.append(silver, BATCH.silver)
    tables.append(to_features(silver), BATCH.features)
    return tables


def test_tables_differ_in_all_but_the_time_of_the_write(tmp_path: Path) -> None:
    bronze = generate(20, random=Random(1))
    silver = to_silver(check_records(bronze, Rules.load().silver, at=NOW))
    ours = _tables(tmp_path / "ours", silver)
    later = silver.with_columns(pl.lit(datetime(2026, 2, 1, tzinfo=UTC)).alias("updated_at"))
    assert compare_tables(ours, _tables(tmp_path / "same", later.reverse())) == []
    other = silver.with_columns(
        pl.when(pl.col("category") == "art").then(pl.col("category")).alias("category")
    )
    differing = compare_tables(ours, _tables(tmp_path / "other", other))
    expected = int((silver["category"] != "art").sum())
    assert len(differing) == 2 * expected > 0
    assert {each.rows for each in differing} == {"silver.pins_batch", "gold.pin_features_batch"}


def test_differences_stop_the_benchmarks_with_examples() -> None:
    require_none([], where="tables")
    with pytest.raises(TerminalError, match=r"differs in 1 values, such as .*column='title'"):
        require_none([Difference("silver", "a", "title", "x", None)], where="tables")
