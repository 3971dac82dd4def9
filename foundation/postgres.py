"""Connections to Postgres, and the check that it answers."""

from __future__ import annotations

import re
from contextlib import closing

import psycopg2
from psycopg2.extensions import connection as Connection  # a class, named like one

from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.settings import PostgresSettings

CONNECT_SECONDS = 5

# libpq gives no error code for a failed connection, only a text, with one paragraph per address of the host.
_REJECTED_USER = re.compile(
    r'authentication failed|no password supplied|role "[^"]*" (does not exist|is not permitted)'
)
_MISSING_DATABASE = re.compile(r'database "[^"]*" does not exist')


def connect(
    settings: PostgresSettings, *, database: str | None = None, seconds: int = CONNECT_SECONDS
) -> Connection:
    """Open a connection to a database.

    Args:
        settings: address, user and password.
        database: name of the database; default: the configured one.
        seconds: timeout for each address of the host.

    Raises:
        TerminalError: the server rejects the user.
        psycopg2.OperationalError: the server does not answer.
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
        if not _REJECTED_USER.search(str(error)):
            raise
        raise TerminalError(
            "Postgres rejects the user or the password",
            where=f"{settings.host}:{settings.port}, user {settings.user}",
            hint="Correct PINLAKE_POSTGRES_USER and PINLAKE_POSTGRES_PASSWORD.",
        ) from None


def require_database(settings: PostgresSettings, *, seconds: int = CONNECT_SECONDS) -> None:
    """Make sure that Postgres answers a query in the configured database.

    Args:
        settings: address, user and database.
        seconds: how long connecting may take.

    Raises:
        TransientError: the server does not answer.
        TerminalError: the server rejects the user, or the database is missing.
    """
    where = f"{settings.host}:{settings.port}, user {settings.user}"
    try:
        with closing(connect(settings, seconds=seconds)) as session, session.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.OperationalError as error:
        if _MISSING_DATABASE.search(str(error)):
            raise ConfigurationError(
                f"missing database: {settings.database}",
                where=where,
                hint="Create it with `pinlake init`, or correct PINLAKE_POSTGRES_DATABASE.",
            ) from None
        reason, *_ = str(error).strip().splitlines() or ["no reason given"]
        raise TransientError(
            f"Postgres does not answer: {reason}",
            where=where,
            hint="Start it, or correct PINLAKE_POSTGRES_HOST and _PORT.",
        ) from None
