"""Erasure of pins from Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from psycopg2.errors import LockNotAvailable

from foundation.errors import TransientError
from foundation.postgres import connect
from foundation.settings import PostgresSettings
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.serving.postgres import ServingDatabase

_ERASE = """
WITH gone AS (DELETE FROM experimental_data WHERE unique_id = ANY (%s::uuid[]) RETURNING 1)
INSERT INTO loads (query, batch, receipt, rows_in, inserted, updated, erased, loaded_at)
SELECT %s, (SELECT count(*) FROM loads WHERE query = %s), %s, 0, 0, 0, (SELECT count(*) FROM gone), now()
WHERE EXISTS (SELECT 1 FROM gone)
RETURNING erased
"""
_COUNT = "SELECT count(*) FROM experimental_data WHERE unique_id = ANY (%s::uuid[])"
_LOCK_SECONDS = 30
_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"


def count_rows(settings: PostgresSettings, unique_ids: Sequence[str]) -> int:
    """Count the rows of these pins. Creates the database and the table if they do not exist.

    Raises:
        TransientError: the server does not answer.
    """
    database = ServingDatabase(settings)
    database.ensure()
    ((rows,),) = database.query(_COUNT, list(unique_ids))
    return int(rows)


def erase_rows(settings: PostgresSettings, unique_ids: Sequence[str], info: CommitInfo) -> None:
    """Remove pins and record their number in the same transaction.

    Raises: as `count_rows`.
    """
    ServingDatabase(settings).query(_ERASE, list(unique_ids), info.query, info.query, info.as_json())


def rewrite_table(settings: PostgresSettings) -> None:
    """Rewrite the table and its indexes: a plain VACUUM frees the space of removed rows but keeps the bytes.

    Readers and writers of the table wait meanwhile, about as long as it takes to copy it.

    Raises:
        TransientError: another transaction holds the table.
    """
    with closing(connect(settings)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
            try:
                cursor.execute("VACUUM (FULL) experimental_data")
            except LockNotAvailable as error:
                raise TransientError(
                    f"another transaction has held experimental_data for {_LOCK_SECONDS} s",
                    where=f"{settings.host}:{settings.port}/{settings.database}",
                    hint="End that transaction (see pg_stat_activity), then run this again: it resumes here.",
                ) from error


def count_mentions(settings: PostgresSettings, unique_ids: Sequence[str]) -> int:
    """Count the rows in all tables of the database that mention one of these pins.

    Raises: as `count_rows`.
    """
    database = ServingDatabase(settings)
    patterns = [f"%{unique_id}%" for unique_id in unique_ids]
    mentions = 0
    for (name,) in database.query(_TABLES):
        query = f"SELECT count(*) FROM {name} AS entry WHERE entry::text ILIKE ANY (%s)"
        ((rows,),) = database.query(query, patterns)
        mentions += rows
    return mentions
