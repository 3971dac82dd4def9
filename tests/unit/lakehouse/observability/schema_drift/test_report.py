"""Fields are classified: new, of another type in few or many records, lost."""

from __future__ import annotations

import json
from collections.abc import Mapping

from foundation.event import PIN_FIELDS
from lakehouse.observability.schema_drift.report import MIN_RECORDS, Drift, Field, FieldDrift, classify_fields

SEEN = "2026-01-01T00:00:00+00:00"
KNOWN = {name: {"number" if name in ("index", "downloaded") else "string": 100} for name in PIN_FIELDS}


def test_records_as_they_always_were_have_not_drifted() -> None:
    without_poster = {name: types for name, types in KNOWN.items() if name != "poster_name"}

    assert _classify(KNOWN) == FieldDrift()
    assert _classify(without_poster) == FieldDrift()
    assert _classify({**KNOWN, "image_src": {"string": 60, "null": 40}}) == FieldDrift()


def test_each_kind_of_drift_is_recognised() -> None:
    drift = _classify(
        {
            **KNOWN,
            "board": {"string": 3},
            "index": {"number": 96, "string": 4},
            "follower_count": {"number": 90, "string": 10},
            "title": {"null": 100},
            "category": {"string": 49},
        }
    )

    assert [field.name for field in drift.new] == ["board"]
    assert [field.name for field in drift.minority_type] == ["index"]
    assert [field.name for field in drift.changed] == ["follower_count"]
    assert drift.lost == ("title", "category")


def test_with_few_records_no_field_is_called_lost() -> None:
    some = {"unique_id": {"string": MIN_RECORDS - 1}}

    assert _classify(some, records=MIN_RECORDS - 1).lost == ()
    assert len(_classify(some, records=MIN_RECORDS).lost) == len(PIN_FIELDS) - 2


def test_the_stored_report_is_read_back_unchanged() -> None:
    field = Field("board", {"string": 1, "null": 2}, 0.5, SEEN)
    drift = Drift("batch", SEEN, SEEN, 6, FieldDrift((field,), (field,), (field,), ("title",)), 1)

    assert Drift.from_json(drift.as_json()) == drift
    assert set(json.loads(drift.as_json())["fields"]) == {"new", "stray", "changed", "lost"}
    assert drift.critical
    assert not Drift("batch", SEEN, SEEN, 6, FieldDrift((field,), (field,))).critical


def _classify(types: Mapping[str, Mapping[str, int]], *, records: int = 100) -> FieldDrift:
    return classify_fields(
        [Field(name, counts, 1.0, SEEN) for name, counts in types.items()], records=records
    )
