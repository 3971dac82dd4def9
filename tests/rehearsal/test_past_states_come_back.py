"""Past versions: listed, compared, restored, and reported when they no longer exist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import SparkSession

from foundation import version as revision
from foundation.errors import UsageError
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.query import diff, time_travel
from lakehouse.query import duckdb_engine as query
from lakehouse.query.diff import COMPARISON, FEED
from lakehouse.query.history import read_commits
from lakehouse.query.table_store import TableStore
from lakehouse.query.time_travel import Moment
from tests import lanes, warm_commands


def test_every_version_names_the_run_that_has_made_it(store: TableStore) -> None:
    for lane, operation in ((BATCH, "MERGE"), (STREAM, "WRITE")):
        rows = [commit.as_row() for commit in read_commits(time_travel.table_at(store, lane.silver).log)]

        operations = [
            tuple(row[name] for name in ("version", "operation", "rows_in", "rows_out")) for row in rows
        ]
        assert operations == [(2, operation, 5, 3), (1, operation, 8, 8), (0, "CREATE TABLE", None, None)]
        assert [(row["lane"], row["step"]) for row in rows[:2]] == [(lane.name, "silver")] * 2
        assert {row["code"] for row in rows[:2]} == {revision.code_version()}
        assert len({row["run"] for row in rows[:2]}) == 2
        assert all("@" in str(row["who"]) for row in rows[:2])


def test_changes_are_counted_and_shown_column_by_column(store: TableStore) -> None:
    difference = _diff(store, BATCH.silver, 1, 2, limit=2)

    assert (difference.source, difference.added, difference.removed, difference.changed) == (FEED, 0, 0, 3)
    assert [row.key["unique_id"] for row in difference.rows] == lanes.PINS[:2]
    changed = difference.rows[1].values
    assert changed["follower_count"] == {"old": 10, "new": 20}
    assert changed["category"] == {"old": "art", "new": "home"}
    assert "unique_id" not in changed
    assert "image_src" not in changed


@pytest.mark.parametrize(
    ("table", "old", "new", "counts"),
    [
        (BATCH.silver, 2, 1, (FEED, 0, 0, 3)),
        (BATCH.silver, 0, 2, (FEED, 8, 0, 0)),
        (BATCH.silver, 2, 0, (FEED, 0, 8, 0)),
        (BATCH.silver, 2, 2, (COMPARISON, 0, 0, 0)),
        (STREAM.features, 1, 2, (COMPARISON, 3, 0, 0)),
        (STREAM.features, 2, 0, (COMPARISON, 0, 11, 0)),
        (BATCH.bronze, 1, 2, (COMPARISON, 5, 0, 0)),
    ],
    ids=str,
)
def test_feed_and_comparison_count_alike_both_ways(
    table: Table, old: int, new: int, counts: tuple[str, int, int, int], store: TableStore
) -> None:
    difference = _diff(store, table, old, new)

    assert (difference.source, difference.added, difference.removed, difference.changed) == counts


def test_a_key_may_be_given(store: TableStore) -> None:
    difference = _diff(store, BATCH.silver, 1, 2, key=("unique_id", "category"))
    assert (difference.source, difference.added, difference.removed, difference.changed) == (
        COMPARISON,
        3,
        3,
        0,
    )
    with pytest.raises(UsageError, match="does not identify a row"):
        _diff(store, BATCH.silver, 1, 2, key=("category",))
    with pytest.raises(UsageError, match="no column 'nothing'"):
        _diff(store, BATCH.silver, 1, 2, key=("nothing",))


def test_a_time_means_the_newest_version_until_then(store: TableStore) -> None:
    newest = time_travel.table_at(store, BATCH.silver)
    times = {commit.version: commit.at for commit in read_commits(newest.log)}
    between = times[1] + (times[2] - times[1]) / 2

    assert time_travel.table_at(store, BATCH.silver, between).number == 1
    assert time_travel.table_at(store, BATCH.silver, datetime.now(UTC) + timedelta(days=1)).number == 2
    with pytest.raises(UsageError, match="Its first commit is of"):
        time_travel.table_at(store, BATCH.silver, times[0] - timedelta(minutes=1))
    with pytest.raises(UsageError, match="There are 0 to 2"):
        time_travel.table_at(store, BATCH.silver, 3)


@pytest.mark.timeout(600)
def test_a_restore_is_a_new_version_that_readers_and_ledger_follow(
    filled: Settings, store: TableStore
) -> None:
    home = "SELECT count(*) AS n FROM silver.pins_batch WHERE category = 'home'"
    refused, newest, unconfirmed, restored, gold, count, check, emptied, unsettled = warm_commands.in_turn(
        ["restore", "bronze.pins_batch", "--to", "1", "--yes"],
        ["restore", "silver.pins_batch", "--to", "2", "--yes"],
        ["restore", "silver.pins_batch", "--to", "1"],
        ["restore", "silver.pins_batch", "--to", "1", "--yes", "--json"],
        ["gold", "--json"],
        ["sql", home, "--json"],
        ["ledger", "check", "--json"],
        ["restore", "gold.pin_features_stream", "--to", "0", "--yes", "--json"],
        ["ledger", "check", "--json"],
        settings=filled,
    )

    assert (refused.code, newest.code) == (2, 2)
    assert "0 rows added, 0 removed, 3 changed" in unconfirmed.out
    assert unconfirmed.code == 1  # the question was not confirmed
    assert "`pinlake silver` reads bronze.pins_batch as a stream" in refused.errors
    assert "is already the newest" in refused.errors
    (restored_row,) = restored.rows
    assert (restored_row["changed"], restored_row["version"], restored_row["published"]) == (3, 3, 3)
    assert gold.code == 0
    assert count.rows == [{"n": 1}]
    assert _diff(store, BATCH.silver, 1, 3).changed == 0
    assert [total for total in check.rows if not total["closes"]] == []
    (emptied_row,) = emptied.rows
    assert (emptied_row["removed"], emptied_row["published"]) == (11, None)
    (open_sum,) = [total for total in unsettled.rows if not total["closes"]]
    assert open_sum["what"] == "events past both gates in the tables = past both for Postgres"
    assert "is a restore with -11 rows, which Postgres has not followed" in open_sum["where"][0]


def test_a_version_whose_files_are_gone_says_which_are_not(
    filled: Settings, store: TableStore, spark: SparkSession
) -> None:
    session = spark.newSession()
    session.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    table = BATCH.features
    DeltaLake.of(spark, filled).delta_table(table, session).vacuum(0)
    newest = time_travel.table_at(store, table).number
    readable = f"Versions 2 to {newest}" if newest > 2 else "Version 2"

    with pytest.raises(UsageError, match=f"version 1 .* is gone.*{readable} can be read"):
        _ = query.run(store, f"SELECT category FROM {table.full_name} VERSION AS OF 1")
    assert list(query.run(store, f"SELECT count(*) FROM {table.full_name} VERSION AS OF 2").rows) == [(8,)]


def _diff(
    store: TableStore, table: Table, old: Moment, new: Moment, *, key: tuple[str, ...] = (), limit: int = 0
) -> diff.TableDiff:
    before, after = time_travel.table_at(store, table, old), time_travel.table_at(store, table, new)
    return diff.compare_versions(before, after, key=key, limit=limit)
