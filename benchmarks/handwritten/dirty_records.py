"""Bronze rows for the comparison: the sample pins, and records with everything that cleaning treats.

The texts are those of the tests of cleaning (`tests/spark/lakehouse/silver/dirty_texts.py`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl

from benchmarks.pins import SAMPLE
from foundation.event import PIN_FIELDS, event_id_at
from tests.spark.lakehouse.silver.dirty_texts import DirtyTexts

_TIME = pl.Datetime("us", "UTC")
BRONZE = pl.Schema(
    [
        ("event_id", pl.String()),
        ("received_at", _TIME),
        ("topic", pl.String()),
        ("partition", pl.Int32()),
        ("offset", pl.Int64()),
        ("kafka_timestamp", _TIME),
        ("key", pl.Binary()),
        ("value", pl.Binary()),
        ("ingested_at", _TIME),
    ]
)
NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
# Pins have as many events on average.
_EVENTS_PER_PIN = 3


def generate(dirty: int, *, random: Random) -> pl.DataFrame:
    """Return bronze rows of all sample pins, then of this many dirty records; the offset numbers them."""
    samples = SAMPLE.read_bytes().splitlines()
    values: list[bytes | None] = [*samples, *_DirtyRecords(random, dirty).generate()]
    event_ids = [
        _event_id(random, number, len(values), is_dirty=number >= len(samples))
        for number in range(len(values))
    ]
    rows = [
        (
            event_id,
            NOW,
            None if number >= len(samples) and random.random() < 0.005 else "pins",
            random.randrange(3),
            number,
            NOW,
            None,
            value,
            NOW,
        )
        for number, (event_id, value) in enumerate(zip(event_ids, values, strict=True))
    ]
    return pl.DataFrame(rows, schema=BRONZE, orient="row")


def _event_id(random: Random, number: int, count: int, *, is_dirty: bool) -> str:
    """Return an event id in no order; some come twice, some are from the future."""
    seconds = random.randrange(-count, 125 if is_dirty else 0)
    return event_id_at(NOW + timedelta(seconds=seconds, milliseconds=number % 2))


class _DirtyRecords:
    def __init__(self, random: Random, count: int) -> None:
        self._random = random
        self._count = count
        self._texts = iter(DirtyTexts(random, [json.dumps("x")]).generate(count * len(PIN_FIELDS)))
        self._ids = [str(uuid.UUID(int=random.getrandbits(128))) for _ in range(count // _EVENTS_PER_PIN + 1)]

    def generate(self) -> Iterator[bytes | None]:
        for _ in range(self._count):
            pin = {field: value for field in PIN_FIELDS if (value := self._value()) is not ...}
            pin["unique_id"] = self._unique_id()
            text = json.dumps(pin, ensure_ascii=self._random.random() < 0.3)
            yield self._damage(text.encode()) if self._random.random() < 0.05 else text.encode()

    def _value(self) -> object:
        text = next(self._texts)
        others: list[object] = [
            None,
            ...,
            True,
            False,
            0,
            1,
            -7,
            12345678901,
            1.5,
            -2.0,
            1e7,
            ["a", text],
            {"a": text},
            [],
        ]
        return text if self._random.random() < 0.9 else self._random.choice(others)

    def _unique_id(self) -> object:
        known = self._random.choice(self._ids)
        odd: list[object] = [
            known.upper(),
            f" {known} ",
            f"{known}0",
            "",
            " ",
            None,
            7,
            known.replace("-", ""),
        ]
        return known if self._random.random() < 0.9 else self._random.choice(odd)

    def _damage(self, value: bytes) -> bytes | None:
        damaged = [None, b"", b"null", b"3", b"\xff" + value, value[:-1], value + value, b"[" + value + b"]"]
        damaged += [
            value + b"]",
            value + b",",
            b" " + value + b"\n",
            value.replace(b'"', b"'", 4),
            value + b"x",
        ]
        return self._random.choice(damaged)
