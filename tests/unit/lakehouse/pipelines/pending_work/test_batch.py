"""Pending work of the batch lane: nothing after a run to the end, something after every other state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from lakehouse.catalog.locations import checkpoint_key
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.pipelines.pending_work.batch import bronze_work, gold_work, silver_work
from lakehouse.pipelines.pending_work.lake_state import AuditedVersion, LakeState
from lakehouse.pipelines.pending_work.reasons import UNSETTLED, find_reason
from tests.unit.lakehouse.pipelines.pending_work.lakes import (
    GOLD_READER,
    RUN,
    SILVER_READER,
    VERSION,
    SettledLake,
    position,
)

FindWork = Callable[[LakeState], Iterator[str]]
STEPS: dict[FindWork, tuple[Table, ...]] = {
    bronze_work: (BATCH.bronze,),
    silver_work: (BATCH.bronze, BATCH.silver, BATCH.quarantine),
    gold_work: (BATCH.silver, BATCH.features, CATEGORY_DAILY, BATCH.quarantine),
}
WRITES: dict[FindWork, Table] = {
    bronze_work: BATCH.bronze,
    silver_work: BATCH.silver,
    gold_work: BATCH.features,
}
EVERY_STEP = pytest.mark.parametrize("step", STEPS)
EVERY_TABLE = pytest.mark.parametrize(
    ("step", "table"), [(step, table) for step, tables in STEPS.items() for table in tables]
)


@pytest.fixture
def lake() -> SettledLake:
    return SettledLake()


@EVERY_STEP
def test_after_a_run_to_its_end_there_is_nothing_to_do(step: FindWork, lake: SettledLake) -> None:
    assert list(step(lake)) == []


@EVERY_TABLE
def test_a_table_that_lacks_a_column_is_work(step: FindWork, table: Table, lake: SettledLake) -> None:
    name = sorted(lake.states[table].columns)[0]
    lake.drop_column(table, name)

    assert list(step(lake)) == [f"{table.full_name} lacks {name}"]


@EVERY_TABLE
def test_a_table_that_does_not_exist_is_work(step: FindWork, table: Table, lake: SettledLake) -> None:
    del lake.states[table]

    assert "has no data yet" in str(find_reason(lambda: step(lake)))


@EVERY_STEP
def test_a_step_that_has_never_run_is_work(step: FindWork, lake: SettledLake) -> None:
    folder = checkpoint_key(WRITES[step].full_name)
    for key in [key for key in lake.bucket.objects if key.startswith(folder)]:
        del lake.bucket.objects[key]

    assert list(step(lake)) == [UNSETTLED]


@EVERY_STEP
def test_a_step_killed_in_a_micro_batch_repeats_it(step: FindWork, lake: SettledLake) -> None:
    # Whatever has reached the tables, the checkpoint does not know the micro-batch's end.
    end = {"logOffset": 0} if step is bronze_work else position(BATCH.bronze, VERSION + 1)
    lake.start_batch(WRITES[step].full_name, end, number=1)

    assert list(step(lake)) == [UNSETTLED]


@EVERY_STEP
@pytest.mark.parametrize("published", [None, VERSION - 1])
def test_a_step_killed_before_it_published_publishes(
    published: int | None, step: FindWork, lake: SettledLake
) -> None:
    table = WRITES[step]
    lake.publish(table, published)

    assert f"{table.full_name} has version {VERSION}, published is {published}" in next(step(lake))


@EVERY_STEP
def test_a_version_that_another_command_wrote_is_published(step: FindWork, lake: SettledLake) -> None:
    # A rebuild, a replay or maintenance.
    lake.commit(WRITES[step])

    assert list(step(lake))


@pytest.mark.parametrize("step", [silver_work, gold_work])
def test_a_suite_that_has_changed_since_its_audit_is_checked(step: FindWork, lake: SettledLake) -> None:
    table = WRITES[step]
    lake.audited = {RUN: frozenset({AuditedVersion(table.full_name, VERSION, "an older suite")})}

    assert list(step(lake)) == [f"the suite of {table.full_name} has changed since its last audit"]


@pytest.mark.parametrize("step", [silver_work, gold_work])
def test_an_audit_that_left_no_results_is_no_proof(step: FindWork, lake: SettledLake) -> None:
    lake.audited = {}

    assert list(step(lake))


def test_without_landing_objects_bronze_has_nothing_to_do(lake: SettledLake) -> None:
    lake.bucket.objects.clear()
    lake.states.clear()

    assert list(bronze_work(lake)) == []


def test_a_new_landing_object_is_work_for_bronze(lake: SettledLake) -> None:
    lake.land(10)

    assert list(bronze_work(lake)) == ["1 landing objects have not been read"]


def test_an_object_that_is_not_landed_is_no_work(lake: SettledLake) -> None:
    lake.put("landing/pins/README", "")

    assert list(bronze_work(lake)) == []


def test_objects_that_were_found_but_not_read_are_work_for_bronze(lake: SettledLake) -> None:
    # Spark lists them in its log before it writes down the micro-batch that will read them.
    lake.land(10, entry=1)

    assert list(bronze_work(lake)) == ["landing objects have been found, but no micro-batch has read them"]


def test_a_new_version_of_bronze_is_work_for_silver(lake: SettledLake) -> None:
    lake.commit(BATCH.bronze)

    assert list(silver_work(lake)) == ["bronze.pins_batch has version 4, read is 4, -1"]


@pytest.mark.parametrize(
    ("version", "index"), [(VERSION, -1), (VERSION, 0), (VERSION - 1, 2), (VERSION + 2, -1)]
)
def test_a_position_that_is_not_the_end_is_work_for_silver(
    version: int, index: int, lake: SettledLake
) -> None:
    lake.move_reader(SILVER_READER, version, index)
    lake.write_commit(BATCH.bronze, "commitInfo", "cdc")

    assert len(list(silver_work(lake))) == 1


@pytest.mark.parametrize(
    "changed",
    [{"isStartingVersion": True}, {"reservoirId": "a table of this name that was deleted"}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_position_in_something_else_is_work(changed: dict[str, object], lake: SettledLake) -> None:
    lake.end_batch(SILVER_READER.checkpoint, position(BATCH.bronze, VERSION + 1) | changed)

    assert len(list(silver_work(lake))) == 1


def test_a_new_version_of_silver_is_work_for_gold_once_it_is_published(lake: SettledLake) -> None:
    lake.commit(BATCH.silver)
    assert next(gold_work(lake)) == "silver.pins_batch has version 4, published is 3"

    lake.publish(BATCH.silver, VERSION + 1)
    assert list(gold_work(lake)) == ["silver.pins_batch has version 4, read is 4, -1"]


@pytest.mark.parametrize(("index", "is_end"), [(0, False), (1, True), (2, False)])
def test_gold_has_read_a_change_feed_up_to_its_last_file(index: int, is_end: bool, lake: SettledLake) -> None:
    lake.write_commit(BATCH.silver, "commitInfo", "txn", "add", "cdc", "remove", "cdc")
    lake.move_reader(GOLD_READER, VERSION, index)

    assert (list(gold_work(lake)) == []) == is_end


def test_a_version_that_is_no_longer_in_the_log_is_work_for_gold(lake: SettledLake) -> None:
    lake.move_reader(GOLD_READER, VERSION, 0)

    assert len(list(gold_work(lake))) == 1


@EVERY_STEP
@pytest.mark.parametrize(
    "text", ["", "v1\n{}", "v1\n{}\nnull", "v1\n{}\n[]", 'v1\n{}\n{"a": 1}', "v1\n{}\n{"]
)
def test_a_checkpoint_that_cannot_be_understood_is_work(text: str, step: FindWork, lake: SettledLake) -> None:
    lake.put(f"{checkpoint_key(WRITES[step].full_name)}/offsets/0", text)

    assert find_reason(lambda: step(lake))


@EVERY_STEP
def test_a_store_that_does_not_answer_is_left_to_spark(step: FindWork, lake: SettledLake) -> None:
    lake.bucket.is_unreachable = True

    assert "the object store does not answer" in str(find_reason(lambda: step(lake)))


def test_a_reader_of_another_bucket_is_work_for_bronze(lake: SettledLake) -> None:
    lake.objects = replace(lake.objects, bucket="pinlake")
    key = f"{checkpoint_key(BATCH.bronze.full_name)}/sources/0/0"
    content, _ = lake.bucket.objects[key]
    lake.put(key, content.decode().replace("s3a://pinlake", "s3a://another"))

    assert list(bronze_work(lake)) == ["1 landing objects have not been read"]
