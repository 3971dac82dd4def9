"""A pin's row in Postgres, and the load that has written it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor

from foundation.errors import TransientError
from foundation.postgres import connect
from foundation.settings import PostgresSettings
from lakehouse.delta import commit_info

# A load and its rows are written in one transaction, whose time both carry.
_QUERY = """
SELECT row.category, row.follower_count, row.downloaded, row.event_id::text, row.event_time, row.loaded_at,
       loads.id AS load, loads.receipt::text AS receipt
FROM experimental_data AS row LEFT JOIN loads ON loads.loaded_at = row.loaded_at
WHERE row.unique_id = %s
LIMIT 1
"""


def read_served_row(settings: PostgresSettings, unique_id: str) -> dict[str, Any] | None:
    """Return a pin's row with the load, run and code that have written it; None if there is none.

    Raises:
        TransientError: Postgres does not answer.
        TerminalError: it does not let the user in.
    """
    try:
        with closing(connect(settings)) as session, session.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(_QUERY, (unique_id,))
            found = cursor.fetchone()
    except psycopg2.errors.UndefinedTable:
        return None
    except psycopg2.OperationalError as error:
        if "does not exist" in str(error):  # the database: libpq gives failed connections no code, only words
            return None
        raise TransientError(
            f"Postgres does not answer: {str(error).strip().splitlines()[0]}",
            where=f"{settings.host}:{settings.port}/{settings.database}",
            hint="Start it or correct PINLAKE_POSTGRES_HOST and _PORT; then run again.",
        ) from None
    if found is None:
        return None
    told = commit_info.parse(found["receipt"])
    known = {"run": told.run, "code": told.code or None} if told else {}
    return {**{name: value for name, value in found.items() if name != "receipt"}, **known}
