"""Pins for benchmarks: real records, each turned into a distinct pin."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import orjson

SAMPLE = Path(__file__).parent.parent / "sample_data" / "pins.jsonl"


def fresh_pins(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` new pins: unique_id and JSON.

    The texts that are unique in real data (title, description, image_src) are unique here too, so that
    compression finds no more repetition than in real data. Placeholders stay as they are.
    """
    samples = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
    for number, sample in enumerate(islice(cycle(samples), count)):
        unique_id = str(uuid.uuid4())
        yield unique_id, orjson.dumps(_make_unique(sample, unique_id, number))


def _make_unique(sample: dict[str, Any], unique_id: str, number: int) -> dict[str, Any]:
    token = unique_id.replace("-", "")
    pin = sample | {"index": number, "unique_id": unique_id}
    for field in ("title", "description"):
        if not pin[field].startswith(("No ", "Untitled")):
            pin[field] = f"{token[:8]} {pin[field]}"
    if (pin["image_src"] or "").startswith("http"):
        pin["image_src"] = f"https://i.pinimg.com/originals/{token[:2]}/{token[2:4]}/{token}.jpg"
    return pin
