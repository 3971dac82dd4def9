"""The drift report of a lane, stored as a JSON object that `pinlake status` reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from foundation.event import PIN_FIELDS
from lakehouse.catalog import locations

# Up to this share of values of another type is left to cleaning; more counts as a changed type.
MAX_MINORITY_SHARE = 0.05
# A field is lost if fewer records than this share have a value: old clients alone do not explain that.
MIN_VALUE_SHARE = 0.5
# With fewer records no field is called lost.
MIN_RECORDS = 20
# Names in the stored object and in `--json`, where they differ from the attribute's.
_JSON_KEYS = {"minority_type": "stray"}
_NUMBERS = frozenset({"index", "downloaded"})
# Older clients do not send these.
_OPTIONAL = frozenset({"poster_name"})


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        name: the name, as clients write it.
        types: records by JSON type.
        share: the share of records with the field, null included; for a field that silver expects: the
            share of records with an unexpected type, if there are any.
        first_seen: when the API accepted the first of these records, ISO 8601.
    """

    name: str
    types: Mapping[str, int]
    share: float
    first_seen: str


@dataclass(frozen=True)
class FieldDrift:
    """Fields that are not as silver expects them.

    Attributes:
        new: fields that silver does not expect.
        minority_type: expected fields that have another type in a few records, which cleaning handles.
        changed: expected fields that have another type in more records. Critical.
        lost: expected fields that most records lack or have as null. Critical.
    """

    new: Sequence[Field] = ()
    minority_type: Sequence[Field] = ()
    changed: Sequence[Field] = ()
    lost: Sequence[str] = ()


@dataclass(frozen=True)
class Drift:
    """The drift of a lane.

    Attributes:
        lane: batch or stream.
        at: when it was detected, ISO 8601.
        since: the records written since this time were examined, ISO 8601.
        records: how many of them are JSON objects.
        fields: the fields that drifted.
        unlisted: further fields, each in fewer records than any listed one.
    """

    lane: str
    at: str
    since: str
    records: int
    fields: FieldDrift = FieldDrift()
    unlisted: int = 0

    @property
    def critical(self) -> bool:
        """Whether a field changed its type or is lost."""
        return bool(self.fields.changed or self.fields.lost)

    def as_json(self) -> str:
        """Return the text of the stored object."""
        data = asdict(self)
        data["fields"] = {_JSON_KEYS.get(kind, kind): fields for kind, fields in data["fields"].items()}
        return json.dumps({**data, "critical": self.critical})

    @classmethod
    def from_json(cls, text: str | bytes) -> Drift:
        """Return the drift that `as_json` wrote."""
        data = json.loads(text)
        del data["critical"]
        stored = data.pop("fields")
        kinds = {
            kind: tuple(Field(**field) for field in stored[_JSON_KEYS.get(kind, kind)])
            for kind in ("new", "minority_type", "changed")
        }
        return cls(**data, fields=FieldDrift(**kinds, lost=tuple(stored["lost"])))


def object_key(lane: str) -> str:
    """Return the object's key in the bucket."""
    return f"{locations.TABLES}/_drift/{lane}.json"


def classify_fields(fields: Iterable[Field], *, records: int) -> FieldDrift:
    """Return the new, changed and lost fields, and those with another type in a few records.

    Args:
        fields: the fields of all records.
        records: how many records there are.
    """
    by_name = {field.name: field for field in fields}
    expected = [by_name[name] for name in PIN_FIELDS if name in by_name]
    enough = records >= MIN_RECORDS
    return FieldDrift(
        new=tuple(field for name, field in by_name.items() if name not in PIN_FIELDS),
        minority_type=tuple(
            field for field in expected if 0 < _unexpected_share(field) <= MAX_MINORITY_SHARE
        ),
        changed=tuple(field for field in expected if _unexpected_share(field) > MAX_MINORITY_SHARE),
        lost=tuple(name for name in PIN_FIELDS if enough and _is_lost(name, by_name.get(name), records)),
    )


def is_unexpected_type(name: str, kind: str) -> bool:
    """Return whether silver expects the field with another type; null fits every type."""
    expected = "number" if name in _NUMBERS else "string"
    return name in PIN_FIELDS and kind not in (expected, "null")


def _unexpected_share(field: Field) -> float:
    """Return the share of its values that have an unexpected type; null is not counted."""
    values = {kind: count for kind, count in field.types.items() if kind != "null"}
    unexpected = sum(count for kind, count in values.items() if is_unexpected_type(field.name, kind))
    return unexpected / sum(values.values()) if values else 0.0


def _is_lost(name: str, field: Field | None, records: int) -> bool:
    values = sum(count for kind, count in field.types.items() if kind != "null") if field else 0
    return name not in _OPTIONAL and values < MIN_VALUE_SHARE * records
