"""Servers killed while the stream lane runs: the query that needs one waits, the other goes on."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg2
import pytest

from foundation import kafka_admin as topics
from foundation.clients import BRIEF
from foundation.errors import TransientError
from foundation.object_store import ObjectStore
from foundation.settings import Settings
from lakehouse.pipelines import stream_status
from local_stack import kafka, object_store, postgres, process
from local_stack import stack as local_stack
from tests import commands, events
from tests.served import served

PIN = "0190163d-8694-739b-aea5-966c26f8ad90"
SLOW = 240.0


@pytest.mark.timeout(900)
def test_a_stream_outlives_postgres_the_object_store_and_kafka(own_stack: Settings, tmp_path: Path) -> None:
    topics.create_topics(own_stack.kafka)
    often = own_stack.stream.model_copy(update={"tables_trigger_seconds": 1.0})
    own_stack = own_stack.model_copy(update={"stream": often})
    log = tmp_path / "stream.log"
    with commands.start("stream", settings=own_stack, log=log) as stream, commands.ended(stream):
        expected = _send(own_stack, 0)
        commands.until(lambda: _serves(own_stack, expected), seconds=SLOW)

        for number, server in enumerate((postgres, object_store, kafka), start=1):
            running = process.find(server.child(own_stack.home))
            assert running is not None
            if server is not kafka:
                expected = _send(own_stack, number)
            waited = _times_waited(log)
            running.kill()
            if server is object_store:
                # The state of the lane cannot be read either; events are served all the same.
                commands.until(partial(_has_waited_since, log, waited), seconds=SLOW)
                assert _state(own_stack) is None
                expected = _send(own_stack, 20)
                commands.until(partial(_serves, own_stack, expected), seconds=SLOW)
            else:
                commands.until(lambda: _state(own_stack) == "waiting", seconds=SLOW)
            if server is postgres:
                assert _waiting_queries(own_stack) == {"serving"}
                written = _times_written(log)
                expected = _send(own_stack, 10)
                commands.until(lambda: _times_written(log) > written, seconds=SLOW)  # noqa: B023
            local_stack.up(own_stack)
            if server is kafka:
                expected = _send(own_stack, number)
            commands.until(partial(_serves, own_stack, expected), seconds=SLOW)
            commands.until(lambda: _state(own_stack) == "running", seconds=SLOW)

        assert stream.poll() is None
        stream.terminate()
        assert stream.wait(SLOW) == 0, log.read_text()
    assert _state(own_stack) == "ended"


def _send(own_stack: Settings, number: int) -> tuple[str, int]:
    (event_id,) = events.send(own_stack.kafka, [events.pin(PIN, number)])
    return event_id, number


def _serves(own_stack: Settings, expected: tuple[str, int]) -> bool:
    # The table may not exist yet, and Postgres is one of the killed servers.
    with suppress(psycopg2.Error):
        return served(own_stack).get(PIN) == expected
    return False


def _has_waited_since(log: Path, times: int) -> bool:
    return _times_waited(log) > times


def _times_waited(log: Path) -> int:
    return sum(line.get("event") == "the stream lane waits" for line in commands.logged(log))


def _times_written(log: Path) -> int:
    """Return how many micro-batches the table query has written."""
    written = (line for line in commands.logged(log) if line.get("event") == "micro-batch written")
    return sum(str(line["checkpoint"]).endswith("checkpoints/stream") for line in written)


def _waiting_queries(own_stack: Settings) -> set[str]:
    status = stream_status.read(ObjectStore.open(own_stack.s3, BRIEF))
    assert status is not None
    return {name for name, query in status.queries.items() if query.state == "waiting"}


def _state(own_stack: Settings) -> str | None:
    """Return the state of the lane in the bucket; None if it cannot be read."""
    with suppress(TransientError):
        status = stream_status.read(ObjectStore.open(own_stack.s3, BRIEF))
        return status.state if status else None
    return None
