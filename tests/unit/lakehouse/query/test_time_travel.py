"""Time travel: a table opens at any version that exists; an error names the versions that do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import UsageError
from lakehouse.catalog.errors import TableNotFoundError
from lakehouse.catalog.tables import BATCH, STREAM
from lakehouse.query import duckdb_engine as query
from lakehouse.query import time_travel
from tests.local_store import LocalStore, write

TABLE = STREAM.silver
STATES = [{"a": 1}, {"a": 2}, {"a": 3, "b": 3}]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Three versions of a table."""
    store = LocalStore(tmp_path)
    write(store, TABLE, STATES, change_feed=True)
    return store


@pytest.mark.parametrize(("version", "rows"), [(0, [("a", 1)]), (1, [("a", 2)]), (2, [("a", 3), ("b", 3)])])
def test_every_version_is_read_as_it_was(
    version: int, rows: list[tuple[str, int]], store: LocalStore
) -> None:
    statement = f"SELECT unique_id, number FROM {TABLE.full_name} VERSION AS OF {version} ORDER BY 1"

    assert list(query.run(store, statement).rows) == rows


def test_a_missing_version_is_reported_with_the_existing_ones(store: LocalStore) -> None:
    with pytest.raises(UsageError, match=r"has no version 3 .*There are 0 to 2"):
        time_travel.table_at(store, TABLE, 3)
    with pytest.raises(UsageError, match=r"has no version as old as 2001-01-01 .*Its first commit is of 20"):
        time_travel.table_at(store, TABLE, datetime(2001, 1, 1, tzinfo=UTC))
    with pytest.raises(TableNotFoundError, match=r"silver.pins_batch has no data yet"):
        time_travel.table_at(store, BATCH.silver)


def test_a_vacuumed_version_is_reported_with_the_readable_ones(store: LocalStore) -> None:
    table = DeltaTable(store.table_url(TABLE))
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    newest = time_travel.table_at(store, TABLE).number

    with pytest.raises(UsageError, match=rf"version 1 .* is gone.*Versions 2 to {newest} can be read"):
        query.run(store, f"SELECT number FROM {TABLE.full_name} VERSION AS OF 1")
    assert list(query.run(store, f"SELECT count(*) FROM {TABLE.full_name}").rows) == [(2,)]


def test_a_query_can_read_a_table_several_times_at_several_versions(store: LocalStore) -> None:
    name = TABLE.full_name
    statement = (
        f"SELECT o.number, n.number FROM {name} VERSION AS OF 0 o JOIN {name} n USING (unique_id) "
        f"WHERE n.number = (SELECT max(number) FROM {name})"
    )

    assert list(query.run(store, statement).rows) == [(1, 3)]


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_digits_name_a_version(version: int) -> None:
    assert time_travel.parse_moment(f" {version} ", where="--to") == version


@given(st.datetimes(timezones=st.none() | st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))])))
def test_a_time_without_an_offset_is_utc(time: datetime) -> None:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    try:
        expected = aware.astimezone(UTC)
    except OverflowError:  # the calendar's first and last hours
        with pytest.raises(UsageError):
            time_travel.parse_moment(time.isoformat(), where="--to")
        return

    assert time_travel.parse_moment(time.isoformat(" "), where="--to") == expected


@given(st.text())
def test_any_other_text_is_an_error_of_one_line(text: str) -> None:
    try:
        moment = time_travel.parse_moment(text, where="--to")
    except UsageError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert isinstance(moment, int) or moment.tzinfo == UTC


@pytest.mark.parametrize("text", ["", "-1", "1.5", "yesterday", "2026-13-01", "٣", "9" * 30])
def test_a_text_that_is_neither_is_reported_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="Give a version such as 12, or a time"):
        time_travel.parse_moment(text, where="--to")
