"""The columns of every table fit what the catalog says about the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from foundation.event import PIN_FIELDS
from lakehouse.catalog.schemas import BRONZE, FEATURES, QUARANTINE, SILVER, schema_of
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM, TABLES, Table

EVERY_TABLE = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)


@EVERY_TABLE
def test_keys_and_statistics_are_columns(table: Table) -> None:
    columns = schema_of(table).fieldNames()

    assert set(table.key) <= set(columns)
    assert set(table.statistics) <= set(columns)
    assert len(set(columns)) == len(columns)


@EVERY_TABLE
def test_no_statistics_are_kept_of_a_pins_data(table: Table) -> None:
    # The log keeps them longer than the rows of a pin that is erased.
    assert not set(table.statistics) & {*PIN_FIELDS, "key", "value", "corrected"}


@EVERY_TABLE
def test_every_column_has_a_comment(table: Table) -> None:
    assert [field.name for field in schema_of(table) if not field.metadata.get("comment")] == []


@pytest.mark.parametrize(
    ("batch", "stream"),
    list(zip(BATCH.tables, STREAM.tables, strict=True)),
    ids=lambda table: table.full_name,
)
def test_the_lanes_have_the_same_columns(batch: Table, stream: Table) -> None:
    assert schema_of(batch) == schema_of(stream)


def test_a_renamed_copy_of_a_table_has_its_columns() -> None:
    assert schema_of(replace(BATCH.silver, name="pins_rebuilt")) == SILVER


def test_a_layer_has_the_columns_of_the_next() -> None:
    assert set(PIN_FIELDS) <= set(SILVER.fieldNames())
    assert set(FEATURES.fieldNames()) <= set(SILVER.fieldNames())
    for name in ("topic", "partition", "offset", "event_id", "value", "kafka_timestamp"):
        assert BRONZE[name].dataType == QUARANTINE[name].dataType
    assert schema_of(CATEGORY_DAILY).fieldNames()[:2] == ["day", "category"]
