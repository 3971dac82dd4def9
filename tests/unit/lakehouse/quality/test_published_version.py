"""The published version: its stored form, which both Spark's and other readers parse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lakehouse.catalog.tables import PUBLISHED
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality.published_version import PublishedVersion, key

COUNTS = st.integers(0, 2**40)


def test_without_an_object_no_version_is_published() -> None:
    assert PublishedVersion.parse(None) == PublishedVersion(None, None, StepMetrics())


@given(st.none() | COUNTS, st.none() | st.text(), COUNTS, COUNTS)
def test_a_published_version_is_read_back_unchanged(
    version: int | None, run_id: str | None, read: int, quarantined: int
) -> None:
    published = PublishedVersion(version, run_id, StepMetrics(read=read, quarantined=quarantined))

    assert PublishedVersion.parse(published.as_text()) == published


def test_names_and_keys_are_stored_and_do_not_change() -> None:
    document = json.loads(PublishedVersion(3, "run").as_text())

    assert list(document) == ["version", "run_id", "at", "pending_read", "pending_quarantined"]
    assert datetime.now(UTC) - datetime.fromisoformat(document["at"]) < timedelta(minutes=1)
    assert [key(table) for table in PUBLISHED][1] == "warehouse/_published/silver.pins_batch.json"
