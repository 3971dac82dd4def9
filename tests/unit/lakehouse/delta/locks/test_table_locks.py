"""Locks of tables: each step's own, taken in order, and none where there is only one writer."""

from __future__ import annotations

import json

import pytest

from foundation.errors import ConfigurationError
from foundation.object_store import ObjectStore
from foundation.settings import S3Settings, Settings
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, OPS_LEDGER, QUALITY_RESULTS, STREAM, TABLES
from lakehouse.delta.locks.lease_store import LeaseHeldError
from lakehouse.delta.locks.table_locks import BATCH_LOCKS, GOLD_LOCK, SILVER_LOCK, hold_locks, locks_of
from tests.unit.in_memory_bucket import InMemoryBucket

SETTINGS = Settings(s3=S3Settings(endpoint="http://in-memory"))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> InMemoryBucket:
    """The bucket behind every client."""
    s3 = InMemoryBucket()
    monkeypatch.setattr(ObjectStore, "open", lambda settings: s3.store)
    return s3


def test_the_steps_that_write_a_table_share_its_locks() -> None:
    assert locks_of(BATCH.bronze) == ("bronze.pins_batch",)
    assert locks_of(BATCH.silver) == ("silver.pins_batch",)
    assert locks_of(CATEGORY_DAILY) == locks_of(BATCH.features) == ("gold.pin_features_batch",)
    assert {locks_of(table) for table in STREAM.tables} == {("stream",)}


def test_only_tables_that_every_step_appends_to_have_no_lock() -> None:
    assert [table for table in TABLES if not locks_of(table)] == [QUALITY_RESULTS, OPS_LEDGER]


def test_locks_of_a_table_are_in_the_order_of_the_lane() -> None:
    # Otherwise two processes could wait for each other.
    for table in BATCH.tables:
        positions = [BATCH_LOCKS.index(name) for name in locks_of(table)]
        assert positions == sorted(positions)
    assert locks_of(BATCH.quarantine) == (SILVER_LOCK, GOLD_LOCK)


def test_all_locks_are_held_in_the_block_and_released_after_it(s3: InMemoryBucket) -> None:
    with hold_locks(SETTINGS, BATCH_LOCKS, command="pinlake rebuild"):
        assert _states(s3) == dict.fromkeys(BATCH_LOCKS, False)
        with pytest.raises(LeaseHeldError, match="by `pinlake rebuild`"):
            hold_locks(SETTINGS, [SILVER_LOCK], command="pinlake silver").__enter__()
        with hold_locks(SETTINGS, ["stream"], command="pinlake stream"):
            pass

    assert _states(s3) == dict.fromkeys((*BATCH_LOCKS, "stream"), True)


def test_a_lock_that_is_held_releases_those_before_it(s3: InMemoryBucket) -> None:
    with (
        hold_locks(SETTINGS, [GOLD_LOCK], command="pinlake gold"),
        pytest.raises(LeaseHeldError, match=GOLD_LOCK),
        hold_locks(SETTINGS, BATCH_LOCKS, command="pinlake rebuild"),
    ):
        pytest.fail("the block must not run")

    assert _states(s3) == dict.fromkeys(BATCH_LOCKS, True)


def test_a_store_that_does_not_arbitrate_is_reported_before_any_lock(
    s3: InMemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overwrite(*, Bucket: str, Key: str, Body: bytes, IfNoneMatch: str) -> object:
        return InMemoryBucket.put_object(s3, Bucket=Bucket, Key=Key, Body=Body)

    monkeypatch.setattr(s3, "put_object", overwrite)
    with (
        pytest.raises(ConfigurationError, match="does not honour If-None-Match"),
        hold_locks(SETTINGS, [SILVER_LOCK], command="pinlake silver"),
    ):
        pytest.fail("the block must not run")

    assert s3.objects == {}


def test_a_single_writer_needs_no_locks(s3: InMemoryBucket) -> None:
    single = Settings(s3=SETTINGS.s3.model_copy(update={"single_writer": True}))

    with hold_locks(single, BATCH_LOCKS, command="pinlake rebuild"):
        assert s3.objects == {}


def _states(s3: InMemoryBucket) -> dict[str, bool]:
    """Return whether each lease has been released."""
    return {
        key.split("/")[1]: json.loads(body)["released"]
        for key, (body, _) in s3.objects.items()
        if key.startswith("_leases/")
    }
