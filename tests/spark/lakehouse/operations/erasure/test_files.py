"""Every file that held an erased pin is removed, with or without deletion vectors; other versions stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError

from foundation.data_subjects import Subjects
from foundation.event import new_event_id
from lakehouse.catalog import schemas
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.commit_info import begin
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.erasure import files, rows
from lakehouse.spark.dataframes import dataframe_from_rows

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
SUBJECTS = Subjects.of(PINS[:1])
TABLE = BATCH.silver


@pytest.mark.parametrize("vectors", [False, True])
def test_versions_that_need_a_removed_file_are_the_only_ones_lost(lake: DeltaLake, vectors: bool) -> None:
    lake.ensure(TABLE)
    if vectors:
        table = f"delta.`{lake.path(TABLE)}`"
        lake.spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableDeletionVectors' = true)")
    first = _write(lake, [PINS[1]])
    first_version = _write(lake, PINS[:1] + PINS[2:])
    rewritten = _write(lake, PINS[:1])

    rows.erase_rows(lake, TABLE, SUBJECTS, commit_info=begin(lane="batch", step="erase"))
    purge = files.plan_purge(lake, TABLE, SUBJECTS)
    files.remove_files(lake.spark, purge)

    assert files.files_with_subject(lake, TABLE, SUBJECTS) == []
    assert purge.current == 0
    # With deletion vectors the rows leave their file one version later.
    newest = lake.version(TABLE)
    assert purge.versions == (first_version, newest - 1)
    assert newest == rewritten + (2 if vectors else 1)
    assert _pins(lake, first) == {PINS[1]}
    for version in range(first_version, newest):
        with pytest.raises(Py4JJavaError, match="FILE_NOT_EXIST"):
            _pins(lake, version)
    assert _pins(lake, newest) == set(PINS[1:])
    assert files.plan_purge(lake, TABLE, SUBJECTS).urls == ()
    _assert_log_is_silent(Path(lake.path(TABLE).removeprefix("file:")))


def _write(lake: DeltaLake, pins: list[str]) -> int:
    pin = {"category": "art", "title": "secret", "event_time": "2026-01-01T00:00:00Z"}
    rows = [{"unique_id": unique_id, "event_id": new_event_id(), **pin} for unique_id in pins]
    frame = dataframe_from_rows(lake.spark, rows, schemas.schema_of(TABLE)).coalesce(1)
    lake.merge_newest(frame, TABLE, MicroBatch(new_event_id(), 0))
    return lake.version(TABLE)


def _pins(lake: DeltaLake, version: int) -> set[str]:
    rows = lake.read(TABLE, version=version)
    return {row.unique_id for row in rows.select("unique_id", "title").collect()}


def _assert_log_is_silent(folder: Path) -> None:
    """Check that no statistic, condition or checksum mentions the pin or its title."""
    log = [path for path in (folder / "_delta_log").iterdir() if path.is_file()]
    assert len(log) > 4
    assert [path for path in log if b"secret" in path.read_bytes()] == []
    assert [path for path in log if PINS[0][:32].encode() in path.read_bytes()] == []


def test_the_change_feed_forgets_too(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    for pins in (PINS, PINS[:1]):
        _write(lake, pins)
    rows.erase_rows(lake, TABLE, SUBJECTS, commit_info=begin(lane="batch", step="erase"))

    purge = files.plan_purge(lake, TABLE, SUBJECTS)
    files.remove_files(lake.spark, purge)

    assert sum(files.CHANGES in url for url in purge.urls) >= 2
    assert files.files_with_subject(lake, TABLE, SUBJECTS) == []
    assert lake.delta_table(TABLE).toDF().count() == len(PINS) - 1
