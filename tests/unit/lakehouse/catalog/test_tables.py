"""The catalog: names are unique, lanes are apart, and a wrong name is answered with the right ones."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foundation.errors import UsageError
from lakehouse.catalog.tables import (
    BATCH,
    HISTORIES,
    PUBLISHED,
    STREAM,
    TABLES,
    Table,
    find_rows,
    find_table,
)

NAMES = [table.full_name for table in TABLES]
LATEST = [table.latest_name for table in HISTORIES]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_a_table_is_found_by_its_name_in_any_case(table: Table) -> None:
    assert find_table(table.full_name, where="here") is table
    assert find_table(table.full_name.upper(), where="here") is table


@given(st.text() | st.sampled_from(["silver", "pins_batch", "silver.pins", "silver..pins_batch", " "]))
def test_any_other_name_is_reported_with_the_names_there_are(name: str) -> None:
    assume(name.lower() not in NAMES + LATEST)

    with pytest.raises(UsageError) as raised:
        find_table(name, where="--table")

    assert raised.value.what == f"no table {name!r}"
    assert raised.value.where == "--table"
    assert all(existing in raised.value.hint for existing in NAMES + LATEST)


def test_no_lane_writes_a_table_of_the_other() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert not {table.full_name for table in BATCH.tables} & {table.full_name for table in STREAM.tables}


def test_a_lanes_tables_are_in_the_order_of_the_data() -> None:
    assert [table.layer for table in BATCH.tables] == ["bronze", "quarantine", "silver", "gold"]


def test_readers_wait_for_the_suite_of_batch_tables_alone() -> None:
    assert [table.full_name for table in PUBLISHED] == [
        "bronze.pins_batch",
        "silver.pins_batch",
        "gold.pin_features_batch",
    ]


def test_a_tables_name_ends_in_its_lane() -> None:
    assert {table.lane for table in BATCH.tables} == {"batch"}
    assert {table.lane for table in STREAM.tables} == {"stream"}


def test_only_the_stream_lane_keeps_every_event() -> None:
    assert (STREAM.silver, STREAM.features) == HISTORIES
    assert {table.key for table in HISTORIES} == {("unique_id", "event_id")}
    assert not any(table.change_feed for table in HISTORIES)


@pytest.mark.parametrize("table", HISTORIES, ids=lambda table: table.full_name)
def test_the_newest_rows_of_a_history_have_a_name_in_queries_alone(table: Table) -> None:
    name = table.latest_name

    assert find_rows(name.upper(), where="here") == (table, True)
    assert find_rows(table.full_name, where="here") == (table, False)
    with pytest.raises(UsageError) as raised:
        find_table(name, where="history")

    assert str(raised.value) == (
        f"{name} is not a table but the newest row of each pin in {table.full_name} (history). "
        f"Give {table.full_name}."
    )


def test_every_version_is_kept_at_least_as_long_as_delta_allows() -> None:
    assert min(table.retention_days for table in TABLES) == 7
