"""Delta properties: a version can be read as long as its table says, and row changes exist where needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse.catalog.downstream_steps import DOWNSTREAM_STEPS
from lakehouse.catalog.tables import BATCH, OPS_LEDGER, Table
from lakehouse.delta.table_properties import table_properties

BARE = Table("layer", "name", "a table without options")


def test_a_table_without_options_has_only_its_retention() -> None:
    assert table_properties(BARE) == {
        "delta.deletedFileRetentionDuration": "interval 30 days",
        "delta.logRetentionDuration": "interval 30 days",
    }


@pytest.mark.parametrize(("files", "log"), [(7, 30), (30, 30), (31, 31)])
def test_the_log_is_kept_as_long_as_the_files_and_at_least_a_month(files: int, log: int) -> None:
    properties = table_properties(replace(BARE, retention_days=files))

    assert properties["delta.deletedFileRetentionDuration"] == f"interval {files} days"
    assert properties["delta.logRetentionDuration"] == f"interval {log} days"


def test_names_of_columns_with_statistics_are_quoted() -> None:
    properties = table_properties(replace(BARE, statistics=("offset", "event id")))

    assert properties["delta.dataSkippingStatsColumns"] == "`offset`,`event id`"


def test_row_changes_are_recorded_where_a_step_reads_them() -> None:
    for step in DOWNSTREAM_STEPS:
        recorded = table_properties(step.reads).get("delta.enableChangeDataFeed") == "true"
        assert recorded == step.follows_changes
    assert "delta.enableChangeDataFeed" not in table_properties(OPS_LEDGER)
    assert table_properties(BATCH.silver)["delta.enableChangeDataFeed"] == "true"
