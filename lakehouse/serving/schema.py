"""The schema of the serving database: it is created where it is missing, with Spark or without."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import structlog
from psycopg2 import errors, sql

from foundation.postgres import connect
from foundation.settings import PostgresSettings

log = structlog.get_logger()

_SCHEMA = Path(__file__).with_name("serving.sql").read_text()


def create_schema(settings: PostgresSettings) -> None:
    """Create the database, its tables, indexes, comments and view where they are missing. Asks once.

    Raises:
        psycopg2.OperationalError: the server does not answer.
        TerminalError: the server refuses the user.
    """
    _create_database(settings)
    with closing(connect(settings)) as session, session, session.cursor() as cursor:
        cursor.execute(_SCHEMA)


def _create_database(settings: PostgresSettings) -> None:
    with closing(connect(settings, database="postgres")) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (settings.database,))
            if cursor.fetchone():
                return
            try:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(settings.database)))
            except (errors.DuplicateDatabase, errors.UniqueViolation):
                log.info("database already created by another", database=settings.database)
