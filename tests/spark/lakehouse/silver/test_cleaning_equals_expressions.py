"""Cleaning by our own functions gives what Spark's own expressions give, in every column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from foundation.event import PIN_FIELDS
from lakehouse.silver.cleaning import clean
from lakehouse.silver.text import TextPolicy
from tests.spark.lakehouse.silver.dirty_texts import DirtyTexts, every_character
from tests.spark.lakehouse.silver.expressions import cleaning as expressions

POLICIES: tuple[TextPolicy, ...] = ("unicode", "ascii")
# 100,000 texts in all. Nothing is shrunk: an example takes seconds, and its message names what differs.
EXAMPLES, TEXTS = 5, 10_000
many = settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("policy", POLICIES)
@many
@given(st.randoms(use_true_random=True), st.lists(st.text(), min_size=50, max_size=50))
def test_dirty_texts(
    compiled: SparkSession, tmp_path: Path, policy: TextPolicy, random: Random, fragments: list[str]
) -> None:
    texts = [None, *fragments, *DirtyTexts(random, fragments).generate(TEXTS)]

    assert _differences(compiled, tmp_path, texts=texts, policy=policy) == []


@pytest.mark.parametrize("policy", POLICIES)
def test_every_character_of_unicode(compiled: SparkSession, tmp_path: Path, policy: TextPolicy) -> None:
    assert _differences(compiled, tmp_path, texts=every_character(), policy=policy) == []


def test_the_largest_texts(compiled: SparkSession, tmp_path: Path) -> None:
    texts = [
        "\\" * 100_000,
        "9" * 100_000,
        "." * 100_000,
        "a," * 50_000,
        " " * 100_000 + "x",
        "\u2026" * 50_000,
    ]

    assert _differences(compiled, tmp_path, texts=texts, policy="unicode") == []


def _differences(
    spark: SparkSession, folder: Path, *, texts: Sequence[str | None], policy: TextPolicy
) -> list[Row]:
    """Return texts that the two clean differently, if they are all fields of a pin."""
    file = folder / "texts.jsonl"
    file.write_bytes(b"\n".join(orjson.dumps({"n": n, "text": text}) for n, text in enumerate(texts)))
    rows = spark.read.schema("n int, text string").json(str(file))
    pins = rows.select("n", "text", *(F.col("text").alias(field) for field in PIN_FIELDS))
    fields = F.struct(*PIN_FIELDS, "cleaning_reasons")
    actual = clean(pins, text_policy=policy).select("n", "text", fields.alias("actual"))
    expected = expressions.clean(pins, text_policy=policy).select("n", fields.alias("expected"))
    assert actual.schema["actual"].dataType == expected.schema["expected"].dataType
    both = actual.join(expected, "n")
    assert both.count() == len(texts)
    return both.where(~F.col("actual").eqNullSafe(F.col("expected"))).take(5)
