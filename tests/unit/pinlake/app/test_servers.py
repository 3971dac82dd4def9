"""Servers of the settings: of the local stack or others, always without their passwords."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from foundation.settings import PostgresSettings, S3Settings, Settings
from local_stack import addresses
from pinlake.app import servers
from pinlake.app.servers import Server, State

SECRET = "it-is-a-secret"


def test_without_settings_and_without_a_stack_there_is_nothing_to_ask(tmp_path: Path) -> None:
    # As in .env.example.
    postgres, s3 = PostgresSettings(host="127.0.0.1", port=5432), S3Settings(bucket="pinlake")

    assert servers.configured(Settings(home=tmp_path, postgres=postgres, s3=s3)) == []
    assert servers.of_stack(Settings(home=tmp_path)) == []


def test_a_stopped_stack_and_another_server_have_different_states(tmp_path: Path) -> None:
    (port,) = addresses.free_ports(1)

    statuses = servers.configured(_with_store(tmp_path, f"http://127.0.0.1:{port}"))

    assert [(server.name, server.state, server.is_local) for server in statuses] == [
        ("kafka", "stopped", True),
        ("s3", "unreachable", False),
        ("postgres", "stopped", True),
    ]
    assert [server.log is None for server in statuses] == [False, True, False]
    assert [server.error for server in statuses] == [
        "its process does not run",
        "the object store does not answer: EndpointConnectionError",
        "its process does not run",
    ]
    assert SECRET not in str(statuses)


def test_an_address_is_shown_without_user_and_password(tmp_path: Path) -> None:
    (port,) = addresses.free_ports(1)

    s3 = _store(servers.configured(_with_store(tmp_path, f"http://who:{SECRET}@127.0.0.1:{port}")))

    assert s3.address == f"http://127.0.0.1:{port}"
    assert SECRET not in str(s3)


@pytest.mark.parametrize(
    ("status", "state", "error"),
    [
        (200, State.REACHABLE, None),
        (404, State.UNUSABLE, "missing bucket: pinlake"),
        (403, State.UNUSABLE, "the bucket pinlake cannot be read: 403"),
        (503, State.UNUSABLE, "the bucket pinlake cannot be read: 503"),
    ],
)
def test_a_store_that_answers_can_be_used_only_with_its_bucket(
    status: int, state: State, error: str | None, tmp_path: Path
) -> None:
    with _answering(status) as endpoint:
        s3 = _store(servers.configured(_with_store(tmp_path, endpoint)))

    assert (s3.state, s3.error, s3.is_well) == (state, error, error is None)
    assert s3.seconds is not None
    assert s3.seconds < servers.ANSWER_SECONDS


def _with_store(home: Path, endpoint: str) -> Settings:
    """Return settings with a stopped local stack and an object store that is not part of it."""
    bare = Settings(home=home)
    own = addresses.point(bare, addresses.allocate(bare))
    s3 = S3Settings(endpoint=endpoint, access_key="key", secret_key=SecretStr(SECRET))
    return own.model_copy(update={"s3": s3})


def _store(statuses: list[Server]) -> Server:
    (server,) = (server for server in statuses if server.name == "s3")
    return server


@contextmanager
def _answering(status: int) -> Iterator[str]:
    """Yield the endpoint of a store that answers every request for a bucket with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as store:
        serving = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{store.server_address[1]}"
        finally:
            store.shutdown()
            serving.join()
