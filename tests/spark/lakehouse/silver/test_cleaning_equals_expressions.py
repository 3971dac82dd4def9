"""Cleaning by our own functions gives what Spark's own expressions give, in every column.

`tests/rehearsal/test_all_texts_are_cleaned_alike.py` compares ten times as many texts, and all characters.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from lakehouse.silver.text import TextPolicy
from tests.cleaning_differences import find_differences
from tests.spark.lakehouse.silver.dirty_texts import DirtyTexts

TEXTS = 5_000


@pytest.mark.parametrize("policy", ["unicode", "ascii"])
@given(st.randoms(use_true_random=True), st.lists(st.text(), min_size=50, max_size=50))
# Nothing is shrunk: an example takes seconds, and its message names what differs.
@settings(
    max_examples=1,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_dirty_texts(
    compiled: SparkSession, tmp_path: Path, policy: TextPolicy, random: Random, fragments: list[str]
) -> None:
    texts = [None, *fragments, *DirtyTexts(random, fragments).generate(TEXTS)]

    assert find_differences(compiled, tmp_path, texts=texts, policy=policy) == []


def test_the_largest_texts(compiled: SparkSession, tmp_path: Path) -> None:
    texts = [
        "\\" * 100_000,
        "9" * 100_000,
        "." * 100_000,
        "a," * 50_000,
        " " * 100_000 + "x",
        "\u2026" * 50_000,
    ]

    assert find_differences(compiled, tmp_path, texts=texts, policy="unicode") == []
