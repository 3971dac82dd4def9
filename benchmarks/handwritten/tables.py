"""The Delta tables of the hand-written pipeline, written with delta-rs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
from deltalake import DeltaTable, Schema, write_deltalake

from foundation.settings import S3Settings
from lakehouse.catalog.columns import Column, columns_of
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta.table_properties import table_properties
from lakehouse.query.table_store import TableStore

FOLDER = "handwritten"

_NEWER = "new.event_id > old.event_id"


class DeltaTables:
    """Delta tables under one URL. One process writes them at a time.

    Args:
        root: the URL of their folder.
        storage_options: options of deltalake for the store.
    """

    def __init__(self, root: str, storage_options: Mapping[str, str]) -> None:
        self._root = root
        self._options = dict(storage_options)

    @classmethod
    def in_bucket(cls, s3: S3Settings, *, folder: str = FOLDER) -> DeltaTables:
        """Return the tables in a folder of the configured bucket; their commits are conditional puts."""
        options = TableStore(s3).storage_options | {"conditional_put": "etag"}
        return cls(f"s3://{s3.bucket}/{folder}", options)

    def ensure(self, *tables: Table) -> None:
        """Create tables where they are missing, with Pinlake's columns and properties but the change feed."""
        for table in tables:
            fields = [_field(column) for column in columns_of(table)]
            properties = table_properties(table)
            properties.pop("delta.enableChangeDataFeed", None)
            DeltaTable.create(
                self._url(table),
                schema=Schema.from_json(json.dumps({"type": "struct", "fields": fields})),
                mode="ignore",
                configuration=properties,
                storage_options=self._options,
            )

    def scan(self, table: Table) -> pl.LazyFrame:
        """Return a table's rows."""
        # Polars knows the address and the credentials by the same names, but not deltalake's other options.
        options = {name: value for name, value in self._options.items() if name.startswith("aws_")}
        return pl.scan_delta(self._url(table), storage_options=options)

    def append(self, rows: pl.DataFrame, table: Table) -> None:
        """Append rows in one commit; no rows make none. The table is created where it is missing."""
        if len(rows):
            write_deltalake(self._url(table), rows, mode="append", storage_options=self._options)

    def merge_newest(self, rows: pl.DataFrame, table: Table) -> None:
        """Upsert rows by pin; a row is updated only by a newer event. Rows of new pins alone are appended.

        Args:
            rows: at most one row per pin, in the table's columns.
            table: a table with one row per pin.
        """
        if rows.is_empty():
            return
        stored = (
            self.scan(table).select("unique_id").join(rows.lazy().select("unique_id"), "unique_id", "semi")
        )
        if stored.head(1).collect(engine="streaming").is_empty():
            self.append(rows, table)
            return
        merge = self._open(table).merge(
            rows, "old.unique_id = new.unique_id", source_alias="new", target_alias="old"
        )
        merge.when_matched_update_all(_NEWER).when_not_matched_insert_all().execute()

    def append_new_events(self, rows: pl.DataFrame, table: Table) -> None:
        """Append the rows whose event the table lacks. Reads only files that can have one of these events.

        Args:
            rows: at most one row per event, in the table's columns.
            table: a table with one row per event.
        """
        if rows.is_empty():
            return
        first, last = pl.lit(rows["event_id"].min()), pl.lit(rows["event_id"].max())
        stored = self.scan(table).filter(pl.col("event_id").is_between(first, last)).select(table.key)
        new = rows.lazy().join(stored, table.key, "anti", maintain_order="left")
        self.append(new.collect(engine="streaming"), table)

    def replace_category_daily(self, days: Sequence[date]) -> None:
        """Recompute the figures of some days from silver and replace them."""
        if not days:
            return
        listed = ", ".join(f"DATE '{each}'" for each in days)
        begin, end = min(days), max(days) + timedelta(days=1)
        period = (pl.col("event_time") >= begin) & (pl.col("event_time") < end)
        day = pl.col("event_time").dt.date().alias("day")
        followers = pl.col("follower_count")
        pins = self.scan(BATCH.silver).filter(period).filter(pl.col("event_time").dt.date().is_in(list(days)))
        figures = pins.group_by(day, "category").agg(
            pl.len().cast(pl.Int64).alias("pins"),
            pl.col("downloaded").sum().cast(pl.Int64),
            followers.median().alias("median_follower_count"),
            followers.max().alias("max_follower_count"),
        )
        write_deltalake(
            self._url(CATEGORY_DAILY),
            figures.collect(engine="streaming"),
            mode="overwrite",
            predicate=f"day IN ({listed})",
            storage_options=self._options,
        )

    def _open(self, table: Table) -> DeltaTable:
        return DeltaTable(self._url(table), storage_options=self._options)

    def _url(self, table: Table) -> str:
        return f"{self._root}/{table.layer}/{table.name}"


def _field(column: Column) -> dict[str, Any]:
    name, kind, _ = column
    return {"name": name, "type": kind, "nullable": True, "metadata": {}}
