"""The columns of every table, as Spark types."""

from __future__ import annotations

from pyspark.sql.types import ArrayType, StructType

from lakehouse.catalog import columns
from lakehouse.catalog.columns import Columns
from lakehouse.catalog.tables import Table


def _schema(table_columns: Columns) -> StructType:
    fields = [
        {"name": name, "type": kind, "nullable": True, "metadata": {"comment": comment}}
        for name, kind, comment in table_columns
    ]
    return StructType.fromJson({"type": "struct", "fields": fields})


BRONZE = _schema(columns.BRONZE)
SILVER = _schema(columns.SILVER)
FEATURES = _schema(columns.FEATURES)
CATEGORY_FIGURES = _schema(columns.CATEGORY_FIGURES)
QUARANTINE = _schema(columns.QUARANTINE)
RESULTS = _schema(columns.RESULTS)
LEDGER = _schema(columns.LEDGER)
FAILED_RULES = ArrayType.fromJson(columns.FAILED_RULES)
OFFSETS = ArrayType.fromJson(columns.OFFSETS)
VERSIONS = StructType.fromJson(columns.VERSIONS)


def schema_of(table: Table) -> StructType:
    """Return the columns of a table, or of a renamed copy of a lane's table."""
    return _schema(columns.columns_of(table))
