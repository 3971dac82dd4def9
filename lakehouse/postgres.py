"""A connection to Postgres."""

from __future__ import annotations

import psycopg2
from psycopg2.extensions import connection as Connection  # a class, named like one

from pinlake.errors import TerminalError
from pinlake.settings import PostgresSettings


def connect(settings: PostgresSettings, *, database: str | None = None) -> Connection:
    """Open a connection to a database; the configured one if none is named.

    Raises:
        TerminalError: the server does not let this user in.
        psycopg2.OperationalError: it does not answer.
    """
    try:
        return psycopg2.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=settings.password.get_secret_value() if settings.password else None,
            dbname=database or settings.database,
            connect_timeout=5,
            application_name="pinlake",
        )
    except psycopg2.OperationalError as error:
        # libpq gives failed connections no code, only words.
        if "authentication failed" not in str(error) and "no password supplied" not in str(error):
            raise
        raise TerminalError(
            "Postgres does not let the user in",
            where=f"{settings.host}:{settings.port}, user {settings.user}",
            mend="Correct PINLAKE_POSTGRES_USER and PINLAKE_POSTGRES_PASSWORD.",
        ) from None
