"""Landing objects on a local disk, for tests of the batch lane without Kafka."""

from __future__ import annotations

import gzip
import json
from collections import namedtuple
from collections.abc import Mapping, Sequence
from pathlib import Path

from foundation.event import new_event_id
from ingestion.landing.envelope import to_line
from lakehouse.delta.lake import DeltaLake

# The fields of a kafka-python record that an envelope has.
Record = namedtuple("Record", "topic partition offset timestamp key headers value")


def land(
    lake: DeltaLake,
    pins: Sequence[Mapping[str, object]],
    *,
    first: int,
    event_ids: Sequence[str] | None = None,
) -> None:
    """Write pins as one object, as the batch consumer does.

    Args:
        lake: the lakehouse.
        pins: the values of the records.
        first: the offset of the first record.
        event_ids: of the events; default: new ids.
    """
    lines = []
    for number, pin in enumerate(pins):
        event_id = event_ids[number] if event_ids else new_event_id()
        moment = int(event_id.replace("-", "")[:12], 16)
        headers = [("event_id", event_id.encode())]
        key, value = str(pin["unique_id"]).encode(), json.dumps(pin).encode()
        lines.append(to_line(Record("t", 0, first + number, moment, key, headers, value)))
    folder = Path(lake.locations.landing.removeprefix("file:")) / "dt=2026-01-01"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"t-0-{first}-{first + len(pins) - 1}.jsonl.gz"
    target.write_bytes(gzip.compress(b"".join(lines)))
