"""Values of every version of every table are searched, whatever column they are in."""

from __future__ import annotations

from base64 import b64encode

from foundation.data_subjects import Subjects
from lakehouse.catalog.schemas import schema_of
from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.erasure.files import CHANGES
from lakehouse.operations.erasure.verification import search_values
from lakehouse.spark.dataframes import dataframe_from_rows

PIN = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
OTHER = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f11"
SUBJECTS = Subjects((PIN,))


def test_a_value_that_mentions_a_pin_is_found_in_bytes_arrays_and_old_versions(lake: DeltaLake) -> None:
    for table in (STREAM.bronze, BATCH.silver):
        lake.ensure(table)
    assert search_values(lake, SUBJECTS) == []

    value = b64encode(f'{{"title": "of {PIN.upper()}"}}'.encode()).decode()
    in_bytes = _append(lake, STREAM.bronze, {"topic": "pins", "value": value}, number=0)
    in_tags = _append(lake, BATCH.silver, {"unique_id": OTHER, "tag_list": ["x", f"of {PIN}"]}, number=0)
    _append(lake, BATCH.silver, {"unique_id": OTHER, "index": 7}, number=1)
    # The newest version has the file no longer, but it is still there.
    lake.delta_table(BATCH.silver).delete("tag_list IS NOT NULL")

    urls = search_values(lake, SUBJECTS)

    # The deletion may be in the change feed, too.
    files = {_name(url) for url in urls if f"/{CHANGES}/" not in url}
    assert files == {in_bytes, in_tags}


def _append(lake: DeltaLake, table: Table, row: dict[str, object], *, number: int) -> str:
    """Append a row, and return the name of its file."""
    before = set(lake.read(table).inputFiles())
    rows = dataframe_from_rows(lake.spark, [row], schema_of(table)).coalesce(1)
    lake.append(rows, table, MicroBatch("query", number))
    (url,) = set(lake.read(table).inputFiles()) - before
    return _name(url)


def _name(url: str) -> str:
    return url.rsplit("/", 1)[1]
