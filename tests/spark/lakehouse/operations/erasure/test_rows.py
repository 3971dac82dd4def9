"""The rows of a table that belong to an erased pin, by the same rules as `ingestion.landing.redaction`."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from foundation.data_subjects import Subjects
from lakehouse.catalog.tables import STREAM
from lakehouse.operations.erasure.rows import belongs_to_subject

PIN = "0190163d-8694-739b-aea5-966c26f8ad91"
OTHER = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
ESCAPED = "".join(f"\\u{ord(character):04x}" for character in PIN)

THEIRS = [
    (PIN, f'{{"unique_id": "{PIN}"}}'),
    (None, f'{{"unique_id": "{PIN.upper()}"}}'),
    (None, f'{{"unique_id": " {PIN} "}}'),
    (None, f'{{"unique_id": "{ESCAPED}"}}'),
    (PIN.upper(), None),
    (PIN, f'{{"unique_id": "{OTHER}"}}'),
    (None, f"no json, but of {PIN}"),
    ("k", f'{{"title": "of {PIN}"}}'),
]
OTHERS = [
    (OTHER, f'{{"unique_id": "{OTHER}", "title": "beside {PIN}"}}'),
    (None, '{"unique_id": "\\u0001"}'),
    (None, "rubbish"),
    (None, None),
]


def test_records_belong_by_key_or_by_what_they_mention(spark: SparkSession) -> None:
    rows = spark.createDataFrame([*THEIRS, *OTHERS], "key string, value string").select(
        F.col("key").cast("binary"), F.col("value").cast("binary")
    )

    belongs = rows.select(belongs_to_subject(STREAM.bronze, Subjects.of([PIN])).alias("theirs")).collect()

    assert [row.theirs for row in belongs] == [True] * len(THEIRS) + [False] * len(OTHERS)


def test_a_refused_record_also_belongs_by_its_correction(spark: SparkSession) -> None:
    pin = f'{{"unique_id": "{PIN}"}}'
    rows = spark.createDataFrame(
        [("rubbish", pin), (pin, None), ("rubbish", None)], "value string, corrected string"
    )

    belongs = rows.select(belongs_to_subject(STREAM.quarantine, Subjects.of([PIN])).alias("theirs")).collect()

    assert [row.theirs for row in belongs] == [True, True, False]
