"""An object store with a full disk or rejected credentials: the error says so, and nothing is lost."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from foundation.errors import TerminalError
from foundation.settings import Settings
from ingestion.landing.run import consume
from local_stack import object_store, process
from tests import commands, events, records

# As on a full disk, the server's write fails: no file may grow beyond this size.
FULL_AT_BYTES = 4096
PIN = "0190163d-8694-739b-aea5-{:012x}"


def test_a_landing_object_waits_for_room(own_stack: Settings) -> None:
    own = records.create(own_stack)
    pins = [events.pin(PIN.format(number), number, title=PIN.format(number**5)) for number in range(500)]
    events.send(own.kafka, pins, topics=[own.kafka.batch_topic])
    landing = threading.Thread(target=consume, args=(own,))

    with capture_logs() as logs:
        with full_disk(own):
            landing.start()
            commands.until(lambda: any("trying again" in entry["event"] for entry in logs))
            assert records.landing_keys(own) == []
        landing.join(commands.GIVE_UP_AFTER_SECONDS)

    assert not landing.is_alive()
    records.assert_all_landed_once(own)
    assert len(records.read_landed(own)) == len(pins)


def test_a_wrong_key_is_reported_without_it(own_stack: Settings) -> None:
    own = records.create(own_stack)
    records.produce(own.kafka, [b"{}"])
    wrong = own.model_copy(
        update={"s3": own.s3.model_copy(update={"secret_key": SecretStr("hunter2hunter2")})}
    )

    with pytest.raises(TerminalError, match="PINLAKE_S3_") as refused:
        consume(wrong)

    assert "the object store refuses" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@contextmanager
def full_disk(settings: Settings) -> Iterator[None]:
    """Limit every file of the store's process to a few kilobytes."""
    running = process.find(object_store.child(settings.home))
    assert running is not None
    before = resource.prlimit(running.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (FULL_AT_BYTES, before[1]))
    try:
        yield
    finally:
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, before)
