"""Postgres: it is waited for, created once, and written in one transaction per micro-batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg2 import errors
from structlog.testing import capture_logs

from foundation.errors import TransientError
from foundation.settings import PostgresSettings
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.serving import postgres, schema
from lakehouse.serving.postgres import Load, ServingDatabase, Totals, _Lines

SETTINGS = PostgresSettings(timeout_seconds=60.0)
AWAY = psycopg2.OperationalError("could not connect to server\n\tIs the server running?")
LINES = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))


class Server:
    """Postgres as psycopg2 shows it.

    Attributes:
        databases: the databases that exist.
        committed: the statements of every transaction that was committed, with the text that it copied.
        rows: the rows that the next query returns.
        failures: what the next statements raise, one per statement; None for no error.
        refused: what the next connections raise.
        open_connections: connections that have not been closed.
        recorded: how many rows each statement writes.
    """

    def __init__(self) -> None:
        self.databases = {"postgres"}
        self.committed: list[list[tuple[str, Sequence[object]]]] = []
        self.rows: list[tuple[Any, ...]] = []
        self.failures: list[Exception | None] = []
        self.refused: list[Exception] = []
        self.open_connections = 0
        self.recorded = 1

    def connect(self, settings: PostgresSettings, *, database: str | None = None) -> Connection:
        if self.refused:
            raise self.refused.pop(0)
        self.open_connections += 1
        return Connection(self)


class Connection:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.autocommit = False
        self.statements: list[tuple[str, Sequence[object]]] = []

    def __enter__(self) -> Connection:
        """Begin a transaction."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit it, unless the block has failed."""
        if kind is None:
            self.server.committed.append(self.statements)

    def close(self) -> None:
        self.server.open_connections -= 1

    def cursor(self) -> Cursor:
        return Cursor(self)


class Cursor:
    def __init__(self, connection: Connection) -> None:
        self.rowcount = connection.server.recorded
        self._connection = connection
        self._server = connection.server
        self._rows: list[tuple[Any, ...]] = []

    def __enter__(self) -> Cursor:
        """Return the cursor."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def execute(self, statement: object, values: Sequence[object] = ()) -> None:
        if self._server.failures and (failure := self._server.failures.pop(0)):
            raise failure
        text = str(statement)
        if "pg_database" in text:
            self._rows = [(1,)] if values[0] in self._server.databases else []
        elif "CREATE DATABASE" in text:
            assert self._connection.autocommit  # no transaction may create a database
            self._server.databases.add(text.split("Identifier('")[1].split("'")[0])
        else:
            self._rows = self._server.rows
            self._connection.statements.append((text, values))

    def copy_expert(self, statement: str, file: Any) -> None:  # noqa: ANN401 - psycopg2 calls only read()
        chunks = iter(lambda: file.read(8), "")
        self._connection.statements.append((statement, ["".join(chunks)]))

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    for module in (postgres, schema):
        monkeypatch.setattr(module, "connect", server.connect)
    return server


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no wait take any time; return the waits."""
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    monkeypatch.setattr("tenacity.time.monotonic", lambda: sum(waits))
    return waits


def test_a_missing_database_is_created_before_its_tables(server: Server) -> None:
    ServingDatabase(SETTINGS).ensure()

    assert server.databases == {"postgres", "pinterest_streaming"}
    ((schema,),) = server.committed
    assert "experimental_data" in schema[0]
    assert server.open_connections == 0


def test_a_database_that_exists_is_not_created_again(server: Server) -> None:
    server.databases.add(SETTINGS.database)
    server.failures = [None, None, AssertionError("a statement too many")]

    ServingDatabase(SETTINGS).ensure()

    assert len(server.committed) == 1


@pytest.mark.parametrize("race", [errors.DuplicateDatabase, errors.UniqueViolation])
def test_a_database_that_another_process_creates_at_the_same_time_is_used(
    race: type[psycopg2.Error], server: Server
) -> None:
    server.failures = [None, race()]

    with capture_logs() as logs:
        ServingDatabase(SETTINGS).ensure()

    assert [entry["event"] for entry in logs] == ["database already created by another"]
    assert len(server.committed) == 1


def test_a_server_that_is_away_for_a_while_is_waited_for(server: Server, pass_time: list[float]) -> None:
    server.databases.add(SETTINGS.database)
    server.rows, server.refused, reasons = [(1,)], [AWAY, AWAY], list[str]()

    rows = ServingDatabase(SETTINGS, on_wait=reasons.append).query("SELECT 1")

    assert rows == [(1,)]
    assert reasons == ["Postgres does not answer: could not connect to server"] * 2
    assert pass_time == [0.2, 0.4]


def test_a_server_that_stays_away_is_reported_with_its_address(
    server: Server, pass_time: list[float]
) -> None:
    server.refused = [AWAY] * 1000

    with pytest.raises(TransientError) as raised:
        ServingDatabase(SETTINGS).query("SELECT 1")

    assert raised.value.what == "Postgres did not answer for 60 s: could not connect to server"
    assert raised.value.where == "127.0.0.1:5432/pinterest_streaming, user pinlake"
    assert "PINLAKE_POSTGRES_HOST" in raised.value.hint
    assert 60 <= sum(pass_time) < 66
    assert max(pass_time) == 5


def test_a_server_that_gives_no_reason_is_waited_for_too(server: Server, pass_time: list[float]) -> None:
    # libpq may lose a connection without a message.
    server.refused, reasons = [psycopg2.OperationalError()], list[str]()

    ServingDatabase(SETTINGS, on_wait=reasons.append).query("SELECT 1")

    assert reasons == ["Postgres does not answer: OperationalError"]


def test_a_statement_that_is_wrong_is_not_repeated(server: Server, pass_time: list[float]) -> None:
    server.failures = [errors.UndefinedTable("no such table"), AssertionError("repeated")]

    with pytest.raises(errors.UndefinedTable):
        ServingDatabase(SETTINGS).query("SELECT 1 FROM missing")

    assert pass_time == []
    assert (server.committed, server.open_connections) == ([], 0)


def test_a_micro_batch_is_staged_copied_and_merged_in_one_transaction(server: Server) -> None:
    batch = MicroBatch("query", 7, commit_info.begin(lane="stream", step=Step.SERVING))

    ServingDatabase(SETTINGS)._upsert_once(iter(["a,art,1", "b,,"]), batch)

    ((stage, copy, upsert),) = server.committed
    assert "ON COMMIT DROP" in stage[0]
    assert copy[1] == ["a,art,1\nb,,\n"]
    query, number, receipt, position = upsert[1]
    assert (query, number, position) == ("query", 7, None)
    assert commit_info.parse(str(receipt)) == batch.commit_info


def test_a_load_without_commit_info_has_no_receipt(server: Server) -> None:
    ServingDatabase(SETTINGS)._upsert_once(iter([]), MicroBatch("query", 0))

    ((_, copy, upsert),) = server.committed
    assert (copy[1], upsert[1]) == ([""], ("query", 0, None, None))


POSITION = {"t": {"0": 7}}


def test_a_load_of_the_serving_query_is_written_with_its_position(server: Server) -> None:
    ServingDatabase(SETTINGS).load(["a", "b"], MicroBatch("serving", 3), position=POSITION)

    ((_, copy, upsert),) = server.committed
    assert (copy[1], upsert[1]) == (["a\nb\n"], ("serving", 3, None, '{"t": {"0": 7}}'))


def test_a_position_that_moves_without_rows_is_a_load_too(server: Server) -> None:
    ServingDatabase(SETTINGS).skip(MicroBatch("serving", 3), position=POSITION)

    (((statement, values),),) = server.committed
    assert "INSERT INTO loads" in statement
    assert values == ("serving", 3, None, '{"t": {"0": 7}}')


@pytest.mark.parametrize("held", [None, {"t": {"0": 6}}])
def test_a_load_that_another_process_has_made_writes_nothing(server: Server, held: object) -> None:
    server.recorded, server.rows = 0, [] if held is None else [(held,)]
    database, batch = ServingDatabase(SETTINGS), MicroBatch("serving", 3)

    with pytest.raises(TransientError, match="another process has made load 3"):
        database.load(["a"], batch, position=POSITION)
    with pytest.raises(TransientError, match="another process has made load 3"):
        database.skip(batch, position=POSITION)

    assert (server.committed, server.open_connections) == ([], 0)


def test_a_load_whose_commit_was_not_answered_may_be_made_again(server: Server) -> None:
    server.recorded, server.rows = 0, [(POSITION,)]

    ServingDatabase(SETTINGS).load(["a"], MicroBatch("serving", 3), position=POSITION)

    assert len(server.committed) == 1


def test_a_server_that_is_away_gets_the_same_lines_again(server: Server, pass_time: list[float]) -> None:
    server.failures = [None, AWAY]

    ServingDatabase(SETTINGS).load(["a"], MicroBatch("serving", 3), position=POSITION)

    assert server.committed[-1][1][1] == ["a\n"]


def test_a_transaction_that_fails_is_not_committed(server: Server) -> None:
    server.failures = [None, errors.DiskFull("no space")]

    with pytest.raises(errors.DiskFull):
        ServingDatabase(SETTINGS)._upsert_once(iter(["a"]), MicroBatch("query", 0))

    assert (server.committed, server.open_connections) == ([], 0)


def test_loads_and_totals_are_read_by_name(server: Server) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    database = ServingDatabase(SETTINGS)

    server.rows = [(1, None, 5, 3, 1, 0, at)]
    (load,) = database.read_loads(since=at)
    assert load == Load(id=1, receipt=None, rows_in=5, inserted=3, updated=1, erased=0, loaded_at=at)
    assert server.committed[-1][0][1] == (at,)

    server.rows = [(3, 4)]
    assert database.read_totals() == Totals(rows=3, entered=4)


@given(LINES, st.integers(1, 50))
def test_a_copy_reads_every_line_once_in_whole_lines(lines: list[str], size: int) -> None:
    file = _Lines(iter(lines))
    chunks: list[str] = list(iter(_reader(file, size), ""))

    assert "".join(chunks) == "".join(f"{line}\n" for line in lines)
    assert all(chunk.endswith("\n") for chunk in chunks)
    # A chunk ends with the first line that fills it.
    assert all(len(chunk) >= size for chunk in chunks[:-1])
    assert file.read(size) == ""


def _reader(file: _Lines, size: int) -> Callable[[], str]:
    return lambda: file.read(size)
