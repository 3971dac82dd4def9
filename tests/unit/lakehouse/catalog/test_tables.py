"""The catalog: names are unique, lanes are apart, and a wrong name is answered with the right ones."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foundation.errors import UsageError
from lakehouse.catalog.tables import BATCH, PUBLISHED, STREAM, TABLES, Table, find_table

NAMES = [table.full_name for table in TABLES]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_a_table_is_found_by_its_name_in_any_case(table: Table) -> None:
    assert find_table(table.full_name, where="here") is table
    assert find_table(table.full_name.upper(), where="here") is table


@given(st.text() | st.sampled_from(["silver", "pins_batch", "silver.pins", "silver..pins_batch", " "]))
def test_any_other_name_is_reported_with_the_names_there_are(name: str) -> None:
    assume(name.lower() not in NAMES)

    with pytest.raises(UsageError) as raised:
        find_table(name, where="--table")

    assert raised.value.what == f"no table {name!r}"
    assert raised.value.where == "--table"
    assert all(existing in raised.value.hint for existing in NAMES)


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


def test_every_version_is_kept_at_least_as_long_as_delta_allows() -> None:
    assert min(table.retention_days for table in TABLES) == 7
