"""Errors of tables that cannot be read yet: they name the table, its address and the next step."""

from __future__ import annotations

from lakehouse.catalog.errors import NotPublishedError, TableNotFoundError
from lakehouse.catalog.tables import BATCH


def test_a_table_that_is_not_written_yet_is_named_with_its_address() -> None:
    error = TableNotFoundError(BATCH.silver, where="s3://pinlake/warehouse/silver/pins_batch")

    assert str(error) == (
        "table silver.pins_batch has no data yet (s3://pinlake/warehouse/silver/pins_batch). "
        "Run its lane first: `pinlake --help` lists the steps."
    )


def test_a_table_that_is_not_published_yet_can_be_read_with_an_option() -> None:
    error = NotPublishedError(BATCH.features, where="s3://pinlake/warehouse/gold/pin_features_batch")

    assert error.what == "no version of gold.pin_features_batch has been published"
    assert error.where == "s3://pinlake/warehouse/gold/pin_features_batch"
    assert error.hint.endswith("--unpublished.")
