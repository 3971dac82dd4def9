"""Erased pins in Postgres."""

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


def count(settings: PostgresSettings, unique_ids: Sequence[str]) -> int:
    """Count the rows of these pins; database and table are made where they are absent.

    Raises:
        TransientError: the server does not answer.
    """
    database = ServingDatabase(settings)
    database.ensure()
    ((found,),) = database.query(_COUNT, list(unique_ids))
    return int(found)


def erase(settings: PostgresSettings, unique_ids: Sequence[str], info: CommitInfo) -> None:
    """Remove pins, and write down how many in the same transaction.

    Raises: as `count`.
    """
    ServingDatabase(settings).query(_ERASE, list(unique_ids), info.query, info.query, info.as_json())


def rewrite(settings: PostgresSettings) -> None:
    """Write table and indexes anew: a plain VACUUM frees the space of removed rows and leaves their bytes.

    Whoever reads or writes the table waits meanwhile, about as long as it takes to copy it.

    Raises:
        TransientError: somebody's transaction holds the table.
    """
    with closing(connect(settings)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
            try:
                cursor.execute("VACUUM (FULL) experimental_data")
            except LockNotAvailable as error:
                raise TransientError(
                    f"somebody's transaction has held experimental_data for {_LOCK_SECONDS} s",
                    where=f"{settings.host}:{settings.port}/{settings.database}",
                    hint="End it (pg_stat_activity names it), then run it again: it goes on where it was.",
                ) from error


def naming(settings: PostgresSettings, unique_ids: Sequence[str]) -> int:
    """Count the rows, of whatever table of the database, that name one of these pins.

    Raises: as `count`.
    """
    database = ServingDatabase(settings)
    patterns = [f"%{unique_id}%" for unique_id in unique_ids]
    found = 0
    for (name,) in database.query(_TABLES):
        counted = f"SELECT count(*) FROM {name} AS held WHERE held::text ILIKE ANY (%s)"
        ((rows,),) = database.query(counted, patterns)
        found += rows
    return found
