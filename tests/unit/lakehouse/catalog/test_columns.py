"""Columns without Spark: Delta accepts their types, and Spark's columns are made of them."""

from __future__ import annotations

import json

import pytest
from deltalake import Schema

from lakehouse.catalog.columns import columns_of
from lakehouse.catalog.schemas import schema_of
from lakehouse.catalog.tables import TABLES, Table

EVERY_TABLE = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)


@EVERY_TABLE
def test_types_are_those_of_deltas_log(table: Table) -> None:
    fields = [
        {"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind, _ in columns_of(table)
    ]

    schema = Schema.from_json(json.dumps({"type": "struct", "fields": fields}))

    assert json.loads(schema.to_json())["fields"] == fields


@EVERY_TABLE
def test_sparks_columns_are_the_same(table: Table) -> None:
    described = [
        (field["name"], field["type"], field["metadata"]["comment"])
        for field in schema_of(table).jsonValue()["fields"]
    ]

    assert tuple(described) == columns_of(table)
