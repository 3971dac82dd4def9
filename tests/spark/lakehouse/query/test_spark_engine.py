"""SQL queries in Spark: tables by name and version, and the errors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from foundation.errors import UsageError
from lakehouse.catalog.schemas import FEATURES
from lakehouse.catalog.tables import CATEGORY_DAILY, STREAM
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.query import spark_engine as query


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
