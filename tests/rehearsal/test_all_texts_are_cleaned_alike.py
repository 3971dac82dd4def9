"""The cleaning functions and Spark's own expressions on 100,000 dirty texts and on every character."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from lakehouse.silver.text import TextPolicy
from tests.cleaning_differences import find_differences
from tests.spark.lakehouse.silver.dirty_texts import DirtyTexts, every_character

POLICIES: tuple[TextPolicy, ...] = ("unicode", "ascii")
EXAMPLES, TEXTS = 5, 10_000


@pytest.mark.parametrize("policy", POLICIES)
@given(st.randoms(use_true_random=True), st.lists(st.text(), min_size=50, max_size=50))
@settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_dirty_texts(
    compiled: SparkSession, tmp_path: Path, policy: TextPolicy, random: Random, fragments: list[str]
) -> None:
    texts = [None, *fragments, *DirtyTexts(random, fragments).generate(TEXTS)]

    assert find_differences(compiled, tmp_path, texts=texts, policy=policy) == []


@pytest.mark.parametrize("policy", POLICIES)
def test_every_character_of_unicode(compiled: SparkSession, tmp_path: Path, policy: TextPolicy) -> None:
    assert find_differences(compiled, tmp_path, texts=every_character(), policy=policy) == []
