"""Erased pins in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress

from psycopg2.errors import InsufficientPrivilege

from lakehouse.postgres import connect
from lakehouse.receipt import Receipt
from lakehouse.serving import Serving
from pinlake.settings import PostgresSettings

_ERASE = """
WITH gone AS (DELETE FROM experimental_data WHERE unique_id = ANY (%s::uuid[]) RETURNING 1)
INSERT INTO loads (query, batch, receipt, rows_in, inserted, updated, erased, loaded_at)
SELECT %s, (SELECT count(*) FROM loads WHERE query = %s), %s, 0, 0, 0, (SELECT count(*) FROM gone), now()
WHERE EXISTS (SELECT 1 FROM gone)
RETURNING erased
"""
_COUNT = "SELECT count(*) FROM experimental_data WHERE unique_id = ANY (%s::uuid[])"
_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"


def count(settings: PostgresSettings, unique_ids: Sequence[str]) -> int:
    """Count the rows of these pins; database and table are made where they are absent.

    Raises:
        TransientError: the server does not answer.
    """
    database = Serving(settings)
    database.ensure()
    ((found,),) = database.ask(_COUNT, list(unique_ids))
    return int(found)


def erase(settings: PostgresSettings, unique_ids: Sequence[str], receipt: Receipt) -> None:
    """Remove pins, and write down how many in the same transaction; then overwrite the bytes they were.

    The server writes a table's file when it pleases, or at once if the user may ask for it (`pg_checkpoint`).

    Raises: as `count`.
    """
    Serving(settings).ask(_ERASE, list(unique_ids), receipt.query, receipt.query, receipt.as_json())
    # Until then the bytes of removed rows stay in the table's file.
    with closing(connect(settings)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute("VACUUM experimental_data")
            with suppress(InsufficientPrivilege):
                cursor.execute("CHECKPOINT")


def naming(settings: PostgresSettings, unique_ids: Sequence[str]) -> int:
    """Count the rows, of whatever table of the database, that name one of these pins.

    Raises: as `count`.
    """
    database = Serving(settings)
    patterns = [f"%{unique_id}%" for unique_id in unique_ids]
    found = 0
    for (name,) in database.ask(_TABLES):
        counted = f"SELECT count(*) FROM {name} AS held WHERE held::text ILIKE ANY (%s)"
        ((rows,),) = database.ask(counted, patterns)
        found += rows
    return found
