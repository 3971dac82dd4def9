"""The features in Postgres: database, table and view, and the fenced upsert of a micro-batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, cast

import psycopg2
import structlog
from psycopg2 import errors, sql
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from foundation.errors import TransientError
from foundation.postgres import connect
from foundation.settings import PostgresSettings
from lakehouse.catalog.schemas import FEATURES
from lakehouse.delta.lake import MicroBatch

log = structlog.get_logger()

_SCHEMA = Path(__file__).with_name("serving.sql").read_text()

_COLUMNS = ", ".join(FEATURES.fieldNames())
_STAGE = f"""
CREATE TEMPORARY TABLE staging ON COMMIT DROP AS
SELECT {_COLUMNS} FROM experimental_data WITH NO DATA
"""
# Spark's CSV with Postgres's escapes; both write null as nothing and an empty string as "".
_CSV = {"escape": '"', "timestampFormat": "yyyy-MM-dd HH:mm:ss.SSSSSSXXX"}
_COPY = f"COPY staging ({_COLUMNS}) FROM STDIN (FORMAT csv)"
# In the order of the key, so that two upserts at once wait for each other instead of deadlocking. What it has
# changed is written down with it; a repeated micro-batch changes nothing, and the first one's figures stay.
_UPSERT = f"""
WITH written AS (
    INSERT INTO experimental_data AS held ({_COLUMNS}, loaded_at)
    SELECT {_COLUMNS}, now() FROM staging ORDER BY unique_id
    ON CONFLICT (unique_id) DO UPDATE
    SET (category, follower_count, downloaded, event_id, event_time, loaded_at)
      = (excluded.category, excluded.follower_count, excluded.downloaded, excluded.event_id,
         excluded.event_time, excluded.loaded_at)
    WHERE excluded.event_id > held.event_id
    RETURNING held.xmax = 0 AS is_new
)
INSERT INTO loads (query, batch, receipt, rows_in, inserted, updated, loaded_at)
SELECT %s, %s, %s, (SELECT count(*) FROM staging),
       count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), now()
FROM written
ON CONFLICT (query, batch) DO NOTHING
"""


@dataclass(frozen=True)
class Load:
    """What one micro-batch has changed in Postgres.

    Attributes:
        id: its number among all loads.
        receipt: see `lakehouse.delta.commit_info`, as JSON.
        rows_in: rows that came.
        inserted: of these, new pins.
        updated: of these, newer events of pins that were there.
        erased: rows removed, if this was no load but an erasure.
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
    """Rows in Postgres, and rows that have entered and were not erased, at one moment."""

    rows: int
    entered: int


class ServingDatabase:
    """The Postgres side of gold.

    A connection is opened for each call, so that a server that was restarted in between is no matter.

    Args:
        settings: where it is, and for how long to wait for it.
        on_wait: told why, whenever it has to be waited for.
    """

    def __init__(
        self, settings: PostgresSettings, *, on_wait: Callable[[str], None] = lambda reason: None
    ) -> None:
        self._settings = settings
        self._on_wait = on_wait

    def ensure(self) -> None:
        """Create database, table, indexes, comments and view where they are absent.

        Raises:
            TransientError: the server does not answer.
            TerminalError: it does not let the user in.
        """
        for attempt in self._retrying():
            with attempt:
                self._create_database()
                with (
                    closing(connect(self._settings)) as session,
                    session,
                    session.cursor() as cursor,
                ):
                    cursor.execute(_SCHEMA)

    def upsert(self, features: DataFrame, batch: MicroBatch) -> None:
        """Write rows in one transaction, and what became of them; a row is replaced only by a newer event.

        The rows pass through the driver one partition at a time.

        Args:
            features: gold's feature columns, at most one row a pin.
            batch: what the table `loads` knows them by.

        Raises:
            TransientError: the server did not answer for as long as the settings allow.
        """
        lines = features.select(F.to_csv(F.struct(*FEATURES.fieldNames()), _CSV).alias("line"))
        for attempt in self._retrying():
            with attempt:
                self._upsert_once((row.line for row in lines.toLocalIterator()), batch)

    def read_loads(self, *, since: datetime | None = None) -> list[Load]:
        """Return the loads since a moment, or all of them; `ensure` must have been called once.

        Raises:
            TransientError: the server does not answer.
        """
        columns = "id, receipt::text, rows_in, inserted, updated, erased, loaded_at"
        statement = f"SELECT {columns} FROM loads WHERE loaded_at >= coalesce(%s, '-infinity'::timestamptz)"
        return [Load(*row) for row in self.query(statement, since)]

    def read_totals(self) -> Totals:
        """Count the rows, and add up what has entered and was not erased; both of one snapshot.

        As for `read_loads`, `ensure` must have been called once.

        Raises: as `read_loads`.
        """
        entered = "(SELECT coalesce(sum(inserted - erased), 0)::bigint FROM loads)"
        ((rows, total),) = self.query(f"SELECT (SELECT count(*) FROM experimental_data), {entered}")
        return Totals(rows, total)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, which is one transaction.

        Raises: as `read_loads`.
        """
        for attempt in self._retrying():
            with (
                attempt,
                closing(connect(self._settings)) as session,
                session,
                session.cursor() as cursor,
            ):
                cursor.execute(statement, values)
                return cursor.fetchall()
        raise AssertionError  # the attempts end with a result or an error

    def _upsert_once(self, lines: Iterator[str], batch: MicroBatch) -> None:
        info = batch.commit_info.as_json() if batch.commit_info else None
        with closing(connect(self._settings)) as session, session, session.cursor() as cursor:
            cursor.execute(_STAGE)
            # psycopg2 calls read() and nothing else of a file; its stubs ask for more.
            cursor.copy_expert(_COPY, cast("TextIO", _Lines(lines)))
            cursor.execute(_UPSERT, (batch.query, batch.number, info))

    def _create_database(self) -> None:
        with closing(connect(self._settings, database="postgres")) as session:
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self._settings.database,))
                if cursor.fetchone():
                    return
                try:
                    cursor.execute(
                        sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._settings.database))
                    )
                except (errors.DuplicateDatabase, errors.UniqueViolation):
                    log.info("database already created by another", database=self._settings.database)

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(psycopg2.OperationalError),
            wait=wait_exponential(multiplier=0.2, max=5),
            stop=stop_after_delay(self._settings.patience_seconds),
            before_sleep=self._tell,
            retry_error_callback=self._give_up,
        )

    def _tell(self, state: RetryCallState) -> None:
        error = _first_line(state)
        log.warning("postgres does not answer", attempt=state.attempt_number, error=error)
        self._on_wait(f"Postgres does not answer: {error}")

    def _give_up(self, state: RetryCallState) -> None:
        settings = self._settings
        raise TransientError(
            f"Postgres did not answer for {settings.patience_seconds:.0f} s: {_first_line(state)}",
            where=f"{settings.host}:{settings.port}/{settings.database}, user {settings.user}",
            hint="Start it or correct PINLAKE_POSTGRES_HOST, _PORT, _USER and _PASSWORD; then run again.",
        )


class _Lines:
    """What COPY reads: an iterator of lines behind the one method of a file that it calls."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def read(self, size: int) -> str:
        """Return about `size` characters, whole lines, or nothing at the end."""
        taken: list[str] = []
        length = 0
        for line in self._lines:
            taken.append(line + "\n")
            length += len(line) + 1
            if length >= size:
                break
        return "".join(taken)


def _first_line(state: RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return str(error).strip().splitlines()[0] if error else "unknown"
