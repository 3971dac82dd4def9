"""What Postgres serves after the demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from foundation.postgres import connect
from foundation.settings import PostgresSettings
from pinlake.app.demo.scenario import Newest

_COUNT = """
SELECT count(*), count(*) FILTER (WHERE event_id = ANY(%s::uuid[])) FROM experimental_data
"""
_SAMPLE = """
SELECT unique_id::text, category, follower_count, downloaded, to_char(event_time, 'YYYY-MM-DD HH24:MI:SS.MS')
FROM experimental_data ORDER BY event_id DESC LIMIT 10
"""


@dataclass(frozen=True)
class Served:
    """Postgres: rows in all and of this run, and its ten newest."""

    total: int
    of_this_run: int
    newest: list[tuple[str, str | None, int | None, int | None, str]]


def look(postgres: PostgresSettings, newest: Sequence[Newest]) -> Served:
    """Count the rows of experimental_data and take its ten newest.

    Args:
        postgres: where it is.
        newest: the events that must stand there.
    """
    with closing(connect(postgres)) as session, session.cursor() as cursor:
        cursor.execute(_COUNT, ([pin.event_id for pin in newest],))
        total, of_this_run = cursor.fetchone() or (0, 0)
        cursor.execute(_SAMPLE)
        return Served(total, of_this_run, cursor.fetchall())
