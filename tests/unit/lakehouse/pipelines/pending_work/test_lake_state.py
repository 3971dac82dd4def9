"""The state of a lakehouse that Spark has written: the archive of an older version, read without Spark."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from foundation.settings import S3Settings
from lakehouse.catalog.errors import TableNotFoundError
from lakehouse.catalog.tables import BATCH
from lakehouse.pipelines.pending_work.batch import bronze_work, gold_work, silver_work
from lakehouse.pipelines.pending_work.lake_state import LakeState
from tests import warehouses
from tests.local_store import LocalStore
from tests.stored_lake import StoredLake


@pytest.fixture
def lake(tmp_path: Path) -> LakeState:
    with tarfile.open(warehouses.FOLDER / "warehouse_0_1_0.tar.xz") as archive:
        names = [name for name in archive.getnames() if name.startswith("objects/")]
        # S3 has objects whose names are those of folders.
        files = [archive.getmember(name) for name in names if not name.endswith("/")]
        archive.extractall(tmp_path, files, filter="data")
    return StoredLake(tmp_path / "objects", url="s3a://old-warehouse")


def test_all_that_an_older_version_left_to_do_is_to_check_its_changed_suites(lake: LakeState) -> None:
    assert list(bronze_work(lake)) == []
    for step, table in ((silver_work, BATCH.silver), (gold_work, BATCH.features)):
        assert list(step(lake)) == [f"the suite of {table.full_name} has changed since its last audit"]


def test_tables_are_described_by_their_logs(lake: LakeState) -> None:
    bronze, silver, *_ = lake.open_tables([BATCH.bronze, BATCH.silver])

    assert (bronze.version, silver.version) == (2, 2)
    assert bronze.id == "f6cf190f-0e28-4767-8575-7c11dcf298e5"
    assert {"unique_id", "title", "cleaning_reasons"} <= silver.columns


def test_a_table_that_has_not_been_created_is_an_error(lake: LakeState, tmp_path: Path) -> None:
    lake._tables = LocalStore(tmp_path)

    with pytest.raises(TableNotFoundError):
        lake.open_tables([BATCH.bronze])


def test_the_files_of_a_change_feed_are_counted(lake: LakeState) -> None:
    counts = [lake.count_change_files(BATCH.silver, version) for version in range(4)]

    assert counts == [0, 0, 1, -1]


def test_a_run_has_audited_the_version_that_it_published(lake: LakeState) -> None:
    published = lake.read_published(BATCH.silver)

    audited = lake.find_audited(published.run_id)

    assert (published.version, BATCH.silver.full_name) in {(each.version, each.table) for each in audited}
    assert lake.find_audited("another run") == frozenset()


def test_landing_objects_are_listed(lake: LakeState) -> None:
    assert len(lake.list_landed()) == 4
    assert all(key.endswith(".jsonl.gz") for key in lake.list_landed())


def test_opening_a_lake_asks_nobody() -> None:
    lake = LakeState(S3Settings(endpoint="http://127.0.0.1:9"))

    assert lake.checkpoint("stream").url == "s3a://pinlake/checkpoints/stream"
