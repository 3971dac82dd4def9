"""A store that cannot arbitrate between writers is reported before anything is written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from foundation.errors import ConfigurationError, TransientError
from foundation.object_store import ObjectStore
from foundation.settings import S3Settings, Settings
from lakehouse.catalog import locations
from lakehouse.delta.locks.table_locks import SILVER_LOCK, hold_locks
from pinlake.cli.main import app
from tests import commands


class Store(ThreadingHTTPServer):
    """An object store on loopback that answers PUTs with the given statuses, one after another."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.requests: list[tuple[str, str]] = []
        self.conditions: list[str | None] = []

    @property
    def settings(self) -> S3Settings:
        return S3Settings(
            endpoint=f"http://127.0.0.1:{self.server_address[1]}",
            access_key="key",
            secret_key=SecretStr("hunter2"),
        )


class _Handler(BaseHTTPRequestHandler):
    server: Store

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.conditions.append(self.headers["If-None-Match"])
        self._answer(self.server.statuses.pop(0))

    def do_DELETE(self) -> None:
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.server.requests.append((self.command, self.path))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def answering(*statuses: int) -> Iterator[Store]:
    """Start a store that answers PUTs with the given statuses."""
    with Store(*statuses) as store:
        serving = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield store
        finally:
            store.shutdown()
            serving.join()


# The first request may have arrived although its response was lost: boto3's retry was then refused.
@pytest.mark.parametrize("first", [200, 412])
def test_a_store_that_refuses_the_second_write_is_accepted_and_left_unchanged(first: int) -> None:
    with answering(first, 412) as store:
        _probe(store.settings)

    assert store.conditions == ["*", "*"]
    assert [method for method, _ in store.requests] == ["PUT", "PUT", "DELETE"]
    assert len({path for _, path in store.requests}) == 1


@pytest.mark.parametrize("second", [200, 501, 400])
def test_the_error_of_a_store_that_does_not_arbitrate_names_the_setting_that_allows_it(second: int) -> None:
    with answering(200, second) as store, pytest.raises(ConfigurationError) as raised:
        _probe(store.settings)

    message = str(raised.value)
    for part in ("If-None-Match", str(store.settings.endpoint), "pinlake", "PINLAKE_S3_SINGLE_WRITER=true"):
        assert part in message
    assert store.requests[-1] == ("DELETE", store.requests[0][1])


@pytest.mark.parametrize("command", ["bronze", "silver", "gold", "stream"])
def test_a_command_that_writes_probes_the_store_before_it_starts_spark(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(200, 200) as store:
        for name, value in commands.environment(Settings(s3=store.settings)).items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(app, [command])

    assert isinstance(result.exception, ConfigurationError)
    assert "If-None-Match" in str(result.exception)


def test_a_single_writer_makes_no_request() -> None:
    with answering() as store:
        settings = store.settings.model_copy(update={"single_writer": True})
        with hold_locks(Settings(s3=settings), [SILVER_LOCK], command="pinlake silver"):
            pass

    assert store.requests == []


def test_a_store_without_write_access_is_not_reported_as_one_that_cannot_arbitrate() -> None:
    with answering(403) as store, pytest.raises(ConfigurationError, match="let these keys put") as raised:
        _probe(store.settings)

    assert "SINGLE_WRITER" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_store_that_does_not_answer_is_a_transient_error() -> None:
    unreachable = S3Settings(endpoint="http://127.0.0.1:1", access_key="key", secret_key=SecretStr("hunter2"))

    with pytest.raises(TransientError, match=r"127\.0\.0\.1:1"):
        _probe(unreachable)


def _probe(s3: S3Settings) -> None:
    ObjectStore.open(s3).require_conditional_writes(locations.TABLES)
