"""What the fields of a lane's records say, kept as an object that people and `pinlake status` read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from foundation.event import PIN_FIELDS
from lakehouse.catalog import locations

# One client in twenty that spells a field its own way is for cleaning; more is a change.
MAX_MINORITY_SHARE = 0.05
# When most records lack a field, that is no old client any more.
MIN_VALUE_SHARE = 0.5
# Of fewer records nothing is concluded.
MIN_RECORDS = 20
# Names in the stored object and in `--json`, where they differ from the attribute.
_JSON_KEYS = {"minority_type": "stray"}
_NUMBERS = frozenset({"index", "downloaded"})
# Older clients do not send it.
_OPTIONAL = frozenset({"poster_name"})


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        name: as clients write it.
        types: records by JSON type.
        share: of the records that carry it, null included; of one that silver knows those that carry it in
            another type than silver expects, if any do.
        first_seen: when the door took the first of these records, ISO 8601.
    """

    name: str
    types: Mapping[str, int]
    share: float
    first_seen: str


@dataclass(frozen=True)
class FieldDrift:
    """Fields that are not as silver expects them.

    Attributes:
        new: silver does not know them.
        minority_type: known ones of which a few records have another type, which cleaning copes with.
        changed: known ones of which more have another type. Critical.
        lost: known ones that most records lack, or have as null. Critical.
    """

    new: Sequence[Field] = ()
    minority_type: Sequence[Field] = ()
    changed: Sequence[Field] = ()
    lost: Sequence[str] = ()


@dataclass(frozen=True)
class Drift:
    """One look at a lane.

    Attributes:
        lane: batch or stream.
        at: when, ISO 8601.
        since: records that were written since then were looked at.
        records: how many of them are JSON objects.
        fields: what has drifted.
        unlisted: how many fields more there are, each in fewer records than those that are listed.
    """

    lane: str
    at: str
    since: str
    records: int
    fields: FieldDrift = FieldDrift()
    unlisted: int = 0

    @property
    def critical(self) -> bool:
        """Whether a field has changed its type or is lost."""
        return bool(self.fields.changed or self.fields.lost)

    def as_json(self) -> str:
        """Return what the object holds."""
        data = asdict(self)
        data["fields"] = {_JSON_KEYS.get(kind, kind): fields for kind, fields in data["fields"].items()}
        return json.dumps({**data, "critical": self.critical})

    @classmethod
    def from_json(cls, text: str | bytes) -> Drift:
        """Return what `as_json` has written."""
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


def classify_fields(found: Iterable[Field], *, records: int) -> FieldDrift:
    """Tell new, stray, changed and lost fields.

    Args:
        found: the fields of all records.
        records: how many those are.
    """
    by_name = {field.name: field for field in found}
    known = [by_name[name] for name in PIN_FIELDS if name in by_name]
    enough = records >= MIN_RECORDS
    return FieldDrift(
        new=tuple(field for name, field in by_name.items() if name not in PIN_FIELDS),
        minority_type=tuple(field for field in known if 0 < _strays(field) <= MAX_MINORITY_SHARE),
        changed=tuple(field for field in known if _strays(field) > MAX_MINORITY_SHARE),
        lost=tuple(name for name in PIN_FIELDS if enough and _is_lost(name, by_name.get(name), records)),
    )


def is_unexpected_type(name: str, kind: str) -> bool:
    """Return whether silver knows the field and expects another type of it; null is of every type."""
    expected = "number" if name in _NUMBERS else "string"
    return name in PIN_FIELDS and kind not in (expected, "null")


def _strays(field: Field) -> float:
    """The share of its values, null apart, that are of another type than silver expects."""
    values = {kind: count for kind, count in field.types.items() if kind != "null"}
    others = sum(count for kind, count in values.items() if is_unexpected_type(field.name, kind))
    return others / sum(values.values()) if values else 0.0


def _is_lost(name: str, field: Field | None, records: int) -> bool:
    values = sum(count for kind, count in field.types.items() if kind != "null") if field else 0
    return name not in _OPTIONAL and values < MIN_VALUE_SHARE * records
