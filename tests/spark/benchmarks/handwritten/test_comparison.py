"""The hand-written pipeline gives the same silver and features as Pinlake's, in every column."""

from __future__ import annotations

from random import Random

import pytest
from pyspark.sql import SparkSession

from benchmarks.handwritten.comparison import compare
from benchmarks.handwritten.dirty_records import generate
from benchmarks.handwritten.text import TextPolicy


@pytest.mark.parametrize("policy", ["unicode", "ascii"])
def test_sample_pins_and_dirty_records_have_no_difference(spark: SparkSession, policy: TextPolicy) -> None:
    seed = Random().randrange(10**6)
    differences = compare(spark, generate(500, random=Random(seed)), text_policy=policy)
    assert (seed, differences) == (seed, [])


def test_a_difference_is_found(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.handwritten.cleaning.drop_ellipsis", lambda text: text)
    differences = compare(spark, generate(0, random=Random(1)), text_policy="unicode")
    assert {difference.column for difference in differences} == {"title", "description"}
    assert {difference.rows for difference in differences} == {"checked", "silver"}
