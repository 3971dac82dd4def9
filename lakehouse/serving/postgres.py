"""The serving database: gold's features in Postgres, upserted by micro-batch.

Only a newer event replaces a row, and writing a micro-batch again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO, cast

import psycopg2
import structlog
from psycopg2.extensions import cursor as Cursor  # a class, named like a variable
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from foundation.errors import TransientError, first_line
from foundation.offsets import Positions
from foundation.postgres import connect
from foundation.settings import PostgresSettings
from lakehouse.catalog.schemas import FEATURES
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.serving.schema import create_schema

log = structlog.get_logger()

_COLUMNS = ", ".join(FEATURES.fieldNames())
_REPLACED = [*(name for name in FEATURES.fieldNames() if name != "unique_id"), "loaded_at"]
_STAGE = f"""
CREATE TEMPORARY TABLE staging ON COMMIT DROP AS
SELECT {_COLUMNS} FROM experimental_data WITH NO DATA
"""
# Spark's CSV with Postgres's escapes. Both write null as nothing and an empty string as "".
_CSV = {"escape": '"', "timestampFormat": "yyyy-MM-dd HH:mm:ss.SSSSSSXXX"}
_COPY = f"COPY staging ({_COLUMNS}) FROM STDIN (FORMAT csv)"
# Of several events of a pin the newest counts, and of repeats of an event the first line. Rows are inserted
# in key order, so that two concurrent upserts wait for each other instead of deadlocking. The same statement
# records the changes in `loads`; repeating a micro-batch changes neither table.
_UPSERT = f"""
WITH written AS (
    INSERT INTO experimental_data AS held ({_COLUMNS}, loaded_at)
    SELECT DISTINCT ON (unique_id) {_COLUMNS}, now() FROM staging ORDER BY unique_id, event_id DESC, ctid
    ON CONFLICT (unique_id) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in _REPLACED)}
    WHERE excluded.event_id > held.event_id
    RETURNING held.xmax = 0 AS is_new
)
INSERT INTO loads (query, batch, receipt, position, rows_in, inserted, updated, loaded_at)
SELECT %s, %s, %s, %s, (SELECT count(*) FROM staging),
       count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), now()
FROM written
ON CONFLICT (query, batch) DO NOTHING
"""
_SKIP = """
INSERT INTO loads (query, batch, receipt, position, rows_in, inserted, updated, loaded_at)
VALUES (%s, %s, %s, %s, 0, 0, 0, now())
ON CONFLICT (query, batch) DO NOTHING
"""
_HELD = "SELECT position FROM loads WHERE query = %s AND batch = %s"


@dataclass(frozen=True)
class Load:
    """The changes that one micro-batch made in Postgres: a row of the table `loads`.

    Attributes:
        id: the number of the load; it only grows.
        receipt: the commit info as JSON; see `lakehouse.delta.commit_info`.
        rows_in: rows in the micro-batch.
        inserted: rows of new pins.
        updated: rows replaced by a newer event.
        erased: rows removed; not 0 only for an erasure.
        loaded_at: when.
    """

    id: int
    receipt: str | None
    rows_in: int
    inserted: int
    updated: int
    erased: int
    loaded_at: datetime


@dataclass(frozen=True)
class Totals:
    """The rows in Postgres, and the rows that were inserted and not erased, in one snapshot."""

    rows: int
    entered: int


class ServingDatabase:
    """The database that serves gold's features.

    Each call opens its own connection, so that the server may restart between calls.

    Args:
        settings: the address of the server, and how long to wait for it.
        on_wait: called with the reason whenever the server has to be waited for.
    """

    def __init__(
        self, settings: PostgresSettings, *, on_wait: Callable[[str], None] = lambda reason: None
    ) -> None:
        self._settings = settings
        self._on_wait = on_wait

    def ensure(self) -> None:
        """Create the database, its tables, indexes, comments and view where they are missing.

        Raises:
            TransientError: the server does not answer.
            TerminalError: the server refuses the user.
        """
        for attempt in self._retrying():
            with attempt:
                create_schema(self._settings)

    def upsert(self, features: DataFrame, batch: MicroBatch) -> None:
        """Upsert rows and record the load in one transaction; only a newer event replaces a row.

        The rows pass through the driver one partition at a time.

        Args:
            features: gold's feature columns.
            batch: the micro-batch; it identifies the load.

        Raises:
            TransientError: the server did not answer for as long as the settings allow.
        """
        lines = features.select(csv_line().alias("line"))
        for attempt in self._retrying():
            with attempt:
                self._upsert_once((row.line for row in lines.toLocalIterator()), batch)

    def load(self, lines: Sequence[str], batch: MicroBatch, *, position: Positions) -> None:
        """Upsert the lines of a micro-batch of the serving query, and record load and position with them.

        Args:
            lines: see `csv_line`.
            batch: the micro-batch; it identifies the load.
            position: the offset to be read next, by topic and partition.

        Raises:
            TransientError: the server did not answer for as long as the settings allow, or another process
                has made this load from other offsets; then nothing is written.
        """
        for attempt in self._retrying():
            with attempt:
                self._upsert_once(iter(lines), batch, position=position)

    def skip(self, batch: MicroBatch, *, position: Positions) -> None:
        """Move the position without serving anything, and record that as a load.

        Args: as `load`.

        Raises: as `load`.
        """
        for attempt in self._retrying():
            with attempt, self._transaction() as cursor:
                cursor.execute(_SKIP, _identity(batch, position))
                self._require_own(cursor, batch, position)

    def read_loads(self, *, since: datetime | None = None) -> list[Load]:
        """Return the loads since a time, or all loads. `ensure` must have been called before.

        Raises:
            TransientError: the server does not answer.
        """
        columns = "id, receipt::text, rows_in, inserted, updated, erased, loaded_at"
        statement = f"SELECT {columns} FROM loads WHERE loaded_at >= coalesce(%s, '-infinity'::timestamptz)"
        return [Load(*row) for row in self.query(statement, since)]

    def read_totals(self) -> Totals:
        """Count the rows, and sum the loads, in one snapshot. `ensure` must have been called before.

        Raises: as `read_loads`.
        """
        entered = "(SELECT coalesce(sum(inserted - erased), 0)::bigint FROM loads)"
        ((rows, total),) = self.query(f"SELECT (SELECT count(*) FROM experimental_data), {entered}")
        return Totals(rows, total)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement in its own transaction and return its rows.

        Raises: as `read_loads`.
        """
        for attempt in self._retrying():
            with attempt, self._transaction() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall()
        raise AssertionError  # the last attempt returns a result or raises an error

    @contextmanager
    def _transaction(self) -> Iterator[Cursor]:
        """Yield a cursor of a new connection; what it did is committed after the block, unless it failed."""
        with closing(connect(self._settings)) as session, session, session.cursor() as cursor:
            yield cursor

    def _upsert_once(
        self, lines: Iterator[str], batch: MicroBatch, *, position: Positions | None = None
    ) -> None:
        with self._transaction() as cursor:
            cursor.execute(_STAGE)
            # psycopg2 calls only read(); its stubs require a whole file.
            cursor.copy_expert(_COPY, cast("TextIO", _Lines(lines)))
            cursor.execute(_UPSERT, _identity(batch, position))
            if position is not None:
                self._require_own(cursor, batch, position)

    def _require_own(self, cursor: Cursor, batch: MicroBatch, position: Positions) -> None:
        """Raise unless the last statement has recorded the load, or an attempt without an answer had.

        A driver that was suspended may wake up beside its successor. Both count on from the same load: only
        one of them can write the next, and the error takes the upsert of the other back.
        """
        if cursor.rowcount:
            return
        cursor.execute(_HELD, (batch.query, batch.number))
        held = cursor.fetchone()
        if held is None or held[0] != position:
            raise TransientError(
                f"another process has made load {batch.number}",
                where=f"the table loads of {self._settings.database}",
                hint="Nothing is lost: the query starts again where that process is.",
            )

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(psycopg2.OperationalError),
            wait=wait_exponential(multiplier=0.2, max=5),
            stop=stop_after_delay(self._settings.timeout_seconds),
            before_sleep=self._report_wait,
            retry_error_callback=self._give_up,
        )

    def _report_wait(self, state: RetryCallState) -> None:
        error = _reason(state)
        log.warning("postgres does not answer", attempt=state.attempt_number, error=error)
        self._on_wait(f"Postgres does not answer: {error}")

    def _give_up(self, state: RetryCallState) -> None:
        settings = self._settings
        raise TransientError(
            f"Postgres did not answer for {settings.timeout_seconds:.0f} s: {_reason(state)}",
            where=f"{settings.host}:{settings.port}/{settings.database}, user {settings.user}",
            hint="Start it or correct PINLAKE_POSTGRES_HOST, _PORT, _USER and _PASSWORD; then rerun.",
        )


def csv_line() -> Column:
    """Return the feature columns of a row as one line of CSV, the text that Postgres copies."""
    return F.to_csv(F.struct(*FEATURES.fieldNames()), _CSV)


def _identity(batch: MicroBatch, position: Positions | None) -> tuple[str, int, str | None, str | None]:
    info = batch.commit_info.as_json() if batch.commit_info else None
    return batch.query, batch.number, info, None if position is None else json.dumps(position)


class _Lines:
    """A file for COPY to read: lines of an iterator, behind the only method that psycopg2 calls."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def read(self, size: int) -> str:
        """Return whole lines of about `size` characters, or nothing at the end."""
        chunk: list[str] = []
        length = 0
        for line in self._lines:
            chunk.append(line + "\n")
            length += len(line) + 1
            if length >= size:
                break
        return "".join(chunk)


def _reason(state: RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return first_line(error) if error else "unknown"
