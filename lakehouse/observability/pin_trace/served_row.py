"""The row of a pin in Postgres, and the load that wrote it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor

from foundation.errors import TransientError, first_line
from foundation.postgres import connect
from foundation.settings import PostgresSettings
from lakehouse.delta import commit_info

# A load and its rows are written in one transaction and carry its time.
_QUERY = """
SELECT row.category, row.follower_count, row.downloaded, row.event_id::text, row.event_time, row.loaded_at,
       loads.id AS load, loads.receipt::text AS receipt
FROM experimental_data AS row LEFT JOIN loads ON loads.loaded_at = row.loaded_at
WHERE row.unique_id = %s
LIMIT 1
"""


def read_served_row(settings: PostgresSettings, unique_id: str) -> dict[str, Any] | None:
    """Return a pin's row with the load, run and code that wrote it; None if there is no such row.

    Raises:
        TransientError: Postgres does not answer.
        TerminalError: Postgres rejects the user or the password.
    """
    try:
        with closing(connect(settings)) as session, session.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(_QUERY, (unique_id,))
            row = cursor.fetchone()
    except psycopg2.errors.UndefinedTable:
        return None
    except psycopg2.OperationalError as error:
        # The database does not exist: libpq gives a failed connection no code, only a text.
        if "does not exist" in str(error):
            return None
        raise TransientError(
            f"Postgres does not answer: {first_line(error)}",
            where=f"{settings.host}:{settings.port}/{settings.database}",
            hint="Start it, or correct PINLAKE_POSTGRES_HOST and PINLAKE_POSTGRES_PORT, then run it again.",
        ) from None
    if row is None:
        return None
    info = commit_info.parse(row["receipt"])
    written_by = {"run": info.run, "code": info.code or None} if info else {}
    return {**{name: value for name, value in row.items() if name != "receipt"}, **written_by}
