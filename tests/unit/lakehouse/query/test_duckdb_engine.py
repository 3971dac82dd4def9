"""Queries in DuckDB: which version of a table they read, and what a wrong query is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundation.errors import UsageError
from lakehouse.catalog.errors import NotPublishedError
from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.query.duckdb_engine import SPARK_HINT, run
from tests.local_store import LocalStore, write

NAME = STREAM.silver.full_name


class PublishingStore(LocalStore):
    """Tables in a folder, one version of which may be published."""

    published: int | None = None

    def published_version(self, table: Table) -> int | None:
        return self.published


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PublishingStore:
    store = PublishingStore(tmp_path_factory.mktemp("lake"))
    for table in (STREAM.silver, BATCH.silver):
        write(store, table, [{"a": 1}, {"a": 2, "b": 3}], change_feed=False)
    return store


def _rows(store: LocalStore, statement: str, *, unpublished: bool = False) -> list[tuple[object, ...]]:
    return list(run(store, statement, unpublished=unpublished).rows)


def test_columns_are_named_and_rows_are_read_once(store: LocalStore) -> None:
    result = run(store, f"SELECT unique_id AS pin, sum(number) FROM {NAME} GROUP BY ALL ORDER BY pin")

    assert result.columns == ("pin", "sum(number)")
    assert list(result.rows) == [("a", 2), ("b", 3)]
    assert list(result.rows) == []


def test_the_stream_has_no_published_version_and_the_batch_lane_has(
    store: PublishingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = "SELECT count(*) FROM silver.pins_batch"

    assert _rows(store, f"SELECT count(*) FROM {NAME}") == [(2,)]
    with pytest.raises(NotPublishedError, match=r"no version of silver\.pins_batch has been published"):
        _rows(store, statement)
    assert _rows(store, statement, unpublished=True) == [(2,)]
    monkeypatch.setattr(store, "published", 0)
    assert _rows(store, statement) == [(1,)]
    assert _rows(store, f"{statement} VERSION AS OF 1") == [(2,)]


def test_many_rows_are_fetched_in_the_querys_order(store: LocalStore) -> None:
    statement = f"SELECT explode(sequence(1, 2500)) AS n FROM {NAME} WHERE unique_id = 'a' ORDER BY n"

    assert _rows(store, statement) == [(number,) for number in range(1, 2501)]


@pytest.mark.parametrize("text", ["'2100-01-01'", "current_timestamp()", "TIMESTAMP '2100-01-01 00:00:00'"])
def test_a_time_can_be_an_expression(text: str, store: LocalStore) -> None:
    statement = f"SELECT count(*) FROM {NAME} TIMESTAMP AS OF {text}"

    assert _rows(store, statement) == [(2,)]


@pytest.mark.parametrize(
    ("clause", "what"),
    [
        ("VERSION AS OF '2026-01-31'", "'2026-01-31' is not a version"),
        ("TIMESTAMP AS OF 12", "'12' is not a timestamp"),
    ],
)
def test_a_version_is_not_a_time(clause: str, what: str, store: LocalStore) -> None:
    with pytest.raises(UsageError) as raised:
        run(store, f"SELECT * FROM {NAME} {clause}")

    assert raised.value.what == what
    assert raised.value.where == f"pins_stream {clause.split()[0]} AS OF"
    assert raised.value.hint == "Write VERSION AS OF 12, or TIMESTAMP AS OF '2026-01-31 12:00'."


def test_a_time_that_cannot_be_evaluated_is_reported_in_one_line(store: LocalStore) -> None:
    with pytest.raises(UsageError) as raised:
        run(store, f"SELECT * FROM {NAME} TIMESTAMP AS OF no_function(1)")

    assert "no_function" in raised.value.what
    assert len(str(raised.value).splitlines()) == 1


def test_an_unknown_column_is_answered_with_those_there_are(store: LocalStore) -> None:
    with pytest.raises(UsageError) as raised:
        run(store, f"SELECT followers FROM {NAME}")

    assert raised.value.what == "no column 'followers'"
    assert raised.value.where == "the SQL statement"
    assert raised.value.hint == "There are: unique_id, number."


def test_a_statement_that_duckdb_rejects_can_be_run_in_spark(store: LocalStore) -> None:
    with pytest.raises(UsageError) as raised:
        _rows(store, f"SELECT no_function(number) FROM {NAME}")

    assert "no_function" in raised.value.what
    assert raised.value.hint == SPARK_HINT
    assert len(str(raised.value).splitlines()) == 1


def test_a_row_that_fails_while_it_is_fetched_is_reported_in_the_same_way(store: LocalStore) -> None:
    with pytest.raises(UsageError) as raised:
        _rows(store, f"SELECT CAST(unique_id AS INT) FROM {NAME}")

    assert "Could not convert string" in raised.value.what
    assert raised.value.hint == SPARK_HINT


def test_a_query_reads_no_files(store: LocalStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")

    with pytest.raises(UsageError, match=r"no table|csv"):
        run(store, f"SELECT * FROM `{secret}`")
    with pytest.raises(UsageError):
        _rows(store, f"SELECT * FROM read_csv('{secret}')")
