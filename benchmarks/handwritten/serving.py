"""The serving table of the hand-written pipeline: COPY into a staging table and one fenced upsert."""

from __future__ import annotations

import io
from contextlib import closing

import polars as pl

from benchmarks.handwritten.transform import FEATURES
from foundation.postgres import connect
from foundation.settings import PostgresSettings
from lakehouse.serving.schema import create_schema

_COLUMNS = ", ".join(FEATURES)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in (*FEATURES[1:], "loaded_at"))
_STAGE = f"""
CREATE TEMPORARY TABLE staging ON COMMIT DROP AS
SELECT {_COLUMNS} FROM experimental_data WITH NO DATA
"""
# Rows are inserted in key order, so that two concurrent upserts wait for each other instead of deadlocking.
_UPSERT = f"""
INSERT INTO experimental_data AS held ({_COLUMNS}, loaded_at)
SELECT {_COLUMNS}, now() FROM staging ORDER BY unique_id
ON CONFLICT (unique_id) DO UPDATE SET {_REPLACED}
WHERE excluded.event_id > held.event_id
"""


class ServingTable:
    """The table of a database of its own, with the columns and indexes of Pinlake's.

    Args:
        settings: the server, and the database that its own is named after.
    """

    def __init__(self, settings: PostgresSettings) -> None:
        name = f"{settings.database}_handwritten"
        self._settings = settings.model_copy(update={"database": name})

    def ensure(self) -> None:
        """Create the database and its tables where they are missing."""
        create_schema(self._settings)

    def upsert(self, features: pl.DataFrame) -> int:
        """Upsert features; only a newer event replaces a row.

        Args:
            features: at most one row per pin.

        Returns:
            The number of rows that were inserted or replaced.
        """
        if features.is_empty():
            return 0
        with closing(connect(self._settings)) as session, session, session.cursor() as cursor:
            cursor.execute(_STAGE)
            cursor.copy_expert(f"COPY staging ({_COLUMNS}) FROM STDIN (FORMAT csv)", to_csv(features))
            cursor.execute(_UPSERT)
            return cursor.rowcount

    def count_rows(self) -> int:
        """Return the number of rows."""
        with closing(connect(self._settings)) as session, session.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM experimental_data")
            (rows,) = cursor.fetchone() or (0,)
            return int(rows)


def to_csv(features: pl.DataFrame) -> io.BytesIO:
    """Return features as lines of CSV: null is nothing, an empty text is ""."""
    lines = io.BytesIO()
    features.write_csv(lines, include_header=False, datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z")
    lines.seek(0)
    return lines
