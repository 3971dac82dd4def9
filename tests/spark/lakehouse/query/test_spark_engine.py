"""SQL queries in Spark: tables by name and version, and the errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foundation.errors import UsageError
from foundation.event import event_id_at
from lakehouse.catalog.schemas import FEATURES
from lakehouse.catalog.tables import CATEGORY_DAILY, STREAM
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.query import duckdb_engine
from lakehouse.query import spark_engine as query
from tests.commands import ROOT
from tests.local_store import LocalStore

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def filled_lake(new_lake: DeltaLake) -> DeltaLake:
    """A lakehouse in which one table has had a row since version 1."""
    table = STREAM.features
    new_lake.ensure(table)
    row = ("pin", "art", 5, 1, "event", datetime(2026, 1, 1, tzinfo=UTC))
    new_lake.append(new_lake.spark.createDataFrame([row], FEATURES), table, MicroBatch("query", 0))
    return new_lake


def test_tables_are_found_by_name_and_version(filled_lake: DeltaLake) -> None:
    def rows(statement: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in query.run(filled_lake, statement).collect()]

    name = STREAM.features.full_name
    assert rows(f"SELECT category, follower_count FROM {name}") == [("art", 5)]
    assert rows(f"SELECT count(*) FROM {name.upper()} VERSION AS OF 0") == [(0,)]
    assert rows(f"WITH few AS (SELECT * FROM {name} VERSION AS OF 1) SELECT count(*) FROM few") == [(1,)]
    assert rows("SELECT 1 + 1") == [(2,)]


def test_the_newest_row_of_each_pin_is_the_same_in_both_engines(lake: DeltaLake, tmp_path: Path) -> None:
    _write_history(lake, [("a", 1, "old"), ("b", 2, "b")], [("a", 4, "new")], [("a", 3, "late")])
    store = LocalStore(tmp_path / "warehouse")
    expected: dict[str, list[tuple[object, ...]]] = {
        "SELECT unique_id, category FROM {latest}": [("a", "new"), ("b", "b")],
        "SELECT count(*) FROM {latest}": [(2,)],
        "SELECT category FROM {latest} WHERE unique_id = 'a'": [("new",)],
        # The newest row of the pin has another category.
        "SELECT unique_id FROM {latest} WHERE category = 'old'": [],
        "SELECT category FROM {latest} VERSION AS OF 1 WHERE unique_id = 'a'": [("old",)],
        "SELECT o.category, n.category FROM {latest} VERSION AS OF 1 AS o JOIN {latest} n ON "
        "o.unique_id = n.unique_id AND o.event_id < n.event_id": [("old", "new")],
        "SELECT h.category, n.category FROM {history} h JOIN {latest} n USING (unique_id) WHERE "
        "h.event_id < n.event_id": [("late", "new"), ("old", "new")],
        "SELECT {latest}.category FROM {latest} WHERE {latest}.unique_id = 'b'": [("b",)],
        "WITH few AS (SELECT * FROM {latest}) SELECT max(category) FROM few": [("new",)],
    }

    for text, rows in expected.items():
        statement = text.format(history=STREAM.features.full_name, latest=STREAM.features.latest_name)
        assert sorted(map(tuple, query.run(lake, statement).collect())) == rows, statement
        assert sorted(duckdb_engine.run(store, statement).rows) == rows, statement


def test_the_features_of_the_guide_are_those_of_the_time_of_each_label(
    lake: DeltaLake, tmp_path: Path
) -> None:
    _write_history(lake, [("a", 0, "first"), ("b", 0, "b")], [("a", 30, "soon"), ("a", 300, "later")])
    section = (ROOT / "docs/readers.md").read_text().split("## Features as of any moment")[1]
    statement = section.split("```sql\n")[1].split("```")[0]

    rows = query.run(lake, statement).select("unique_id", "category").collect()
    by_duckdb = duckdb_engine.run(LocalStore(tmp_path / "warehouse"), statement)

    # Each event is labelled a minute after it: by then the second event of the pin is there, not the third.
    features = [("a", "later"), ("a", "soon"), ("a", "soon"), ("b", "b")]
    assert sorted(map(tuple, rows)) == features
    assert sorted((row[0], row[2]) for row in by_duckdb.rows) == features


def _write_history(lake: DeltaLake, *appends: Sequence[tuple[str, int, str]]) -> None:
    """Append rows of a pin, the second of its event, and a category; each append is a version."""
    lake.ensure(STREAM.features)
    for number, rows in enumerate(appends):
        moments = [NOON + timedelta(seconds=second) for _, second, _ in rows]
        values = [
            (pin, category, 5, 1, event_id_at(moment), moment)
            for (pin, _, category), moment in zip(rows, moments, strict=True)
        ]
        frame = lake.spark.createDataFrame(values, FEATURES)
        lake.append(frame, STREAM.features, MicroBatch("query", number))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM gold.pins", "There are: bronze.pins_batch"),
        (f"SELECT * FROM {CATEGORY_DAILY.full_name}", "no data yet"),
        (f"SELECT nothing FROM {STREAM.features.full_name}", "nothing"),
        (f"SELECT * FROM {STREAM.features.full_name} VERSION AS OF 99", "99"),
        (f"DELETE FROM {STREAM.features.full_name}", "not a query"),
        (f"DROP TABLE {STREAM.features.full_name}", "not a query"),
        ("SELECT 1; SELECT 2", ""),
        ("SELEC", ""),
        ("", "nothing to parse"),
    ],
)
def test_an_invalid_query_is_an_error_of_one_line(
    filled_lake: DeltaLake, statement: str, expected: str
) -> None:
    with pytest.raises(UsageError) as raised:
        query.run(filled_lake, statement)

    assert expected in str(raised.value)
    assert "\n" not in str(raised.value)
