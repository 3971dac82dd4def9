"""A write carries the identity of its micro-batch: as options of a writer or settings of MERGE's session."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import cast

from pyspark.sql import DataFrame

from lakehouse.catalog.tables import BATCH
from lakehouse.delta import commit_info
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.write_options import merge_session, writer_of

MICRO_BATCH = MicroBatch("query", 3, commit_info.begin(lane="batch", step=commit_info.Step.GOLD))


class Writer:
    """Keeps what it is given.

    Attributes:
        options: by name.
    """

    def __init__(self) -> None:
        self.options: dict[str, str] = {}

    def format(self, name: str) -> Writer:
        return self.option("format", name)

    def option(self, name: str, value: str) -> Writer:
        self.options[name] = value
        return self


def test_a_writer_names_micro_batch_and_table() -> None:
    options = _options(MICRO_BATCH)

    assert (options["txnAppId"], options["txnVersion"]) == ("query/silver.pins_batch", "3")
    assert json.loads(options["userMetadata"])["step"] == "gold"
    assert "userMetadata" not in _options(MicroBatch("query", 0))


def test_rows_of_no_micro_batch_are_written_without_options() -> None:
    assert _options(None) == {"format": "delta"}


def test_a_merge_has_a_session_of_its_own_with_the_same_identity() -> None:
    settings: dict[str, str] = {}
    session = SimpleNamespace(conf=SimpleNamespace(set=settings.__setitem__))
    rows = SimpleNamespace(sparkSession=SimpleNamespace(newSession=lambda: session))

    merge_session(cast("DataFrame", rows), BATCH.silver, MICRO_BATCH)

    assert settings["spark.databricks.delta.write.txnAppId"] == "query/silver.pins_batch"
    assert settings["spark.databricks.delta.write.txnVersion"] == "3"
    info = json.loads(settings["spark.databricks.delta.commitInfo.userMetadata"])
    assert info["step"] == "gold"


def _options(batch: MicroBatch | None) -> dict[str, str]:
    writer = Writer()
    writer_of(cast("DataFrame", SimpleNamespace(write=writer)), BATCH.silver, batch)
    return writer.options
