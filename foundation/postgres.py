"""A connection to Postgres, and whether it answers."""

from __future__ import annotations

from contextlib import closing

import psycopg2
from psycopg2.extensions import connection as Connection  # a class, named like one

from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.settings import PostgresSettings

CONNECT_SECONDS = 5


def connect(
    settings: PostgresSettings, *, database: str | None = None, seconds: int = CONNECT_SECONDS
) -> Connection:
    """Open a connection to a database; the configured one if none is named.

    Args:
        settings: address, user and password.
        database: another one than the configured.
        seconds: how long each of the host's addresses may take.

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
            connect_timeout=seconds,
            application_name="pinlake",
        )
    except psycopg2.OperationalError as error:
        # libpq gives failed connections no code, only words.
        if "authentication failed" not in str(error) and "no password supplied" not in str(error):
            raise
        raise TerminalError(
            "Postgres does not let the user in",
            where=f"{settings.host}:{settings.port}, user {settings.user}",
            hint="Correct PINLAKE_POSTGRES_USER and PINLAKE_POSTGRES_PASSWORD.",
        ) from None


def require_database(settings: PostgresSettings, *, seconds: int = CONNECT_SECONDS) -> None:
    """Ask whether Postgres answers a query in the configured database.

    Args:
        settings: address, user and database.
        seconds: how long connecting may take.

    Raises:
        TransientError: it does not answer.
        TerminalError: it does not let the user in, or the database is missing.
    """
    where = f"{settings.host}:{settings.port}, user {settings.user}"
    try:
        with closing(connect(settings, seconds=seconds)) as session, session.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.OperationalError as error:
        said = str(error).strip().splitlines()[0]
        # As above: only words.
        if said.endswith("does not exist"):
            raise ConfigurationError(
                f"missing database: {settings.database}",
                where=where,
                hint="Create it with `pinlake init`, or correct PINLAKE_POSTGRES_DATABASE.",
            ) from None
        raise TransientError(
            f"Postgres does not answer: {said}",
            where=where,
            hint="Start it, or correct PINLAKE_POSTGRES_HOST and _PORT.",
        ) from None
