"""The rows that Postgres serves."""

from __future__ import annotations

from contextlib import closing

from foundation.postgres import connect
from foundation.settings import Settings


def served(settings: Settings) -> dict[str, tuple[str, int]]:
    """Return event id and follower count by pin."""
    with closing(connect(settings.postgres)) as session, session.cursor() as cursor:
        cursor.execute("SELECT unique_id::text, event_id::text, follower_count FROM experimental_data")
        return {unique_id: (event_id, followers) for unique_id, event_id, followers in cursor}
