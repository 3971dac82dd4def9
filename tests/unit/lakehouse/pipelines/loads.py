"""The table `loads` of Postgres, in memory, behind the methods that the serving query calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from foundation.errors import TransientError
from foundation.offsets import OffsetRange, Positions
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.serving import position
from lakehouse.serving.postgres import ServingDatabase

AWAY = TransientError("Postgres does not answer", where="there", hint="Start it.")


@dataclass(frozen=True)
class Row:
    """A row of `loads`."""

    query: str
    batch: int
    receipt: str | None
    position: Positions | None
    lines: tuple[str, ...] = ()


class Loads:
    """A Postgres whose only table is `loads`.

    Attributes:
        rows: the loads, in the order of their ids.
        is_away: whether it does not answer.
    """

    def __init__(self, *rows: Row) -> None:
        self.rows = list(rows)
        self.is_away = False

    @property
    def database(self) -> ServingDatabase:
        """This object, in the type that the code asks for."""
        return cast("ServingDatabase", self)

    def ensure(self) -> None:
        if self.is_away:
            raise AWAY

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        self.ensure()
        own = [row for row in self.rows if row.query == position.QUERY]
        if statement == position._NEWEST:
            return [(row.batch, row.position) for row in sorted(own, key=lambda row: -row.batch)[:1]]
        if statement == position._NEWEST_OF_OTHERS:
            others = [row for row in self.rows if row not in own and "/" not in row.query]
            return [(row.query, row.batch) for row in others[-1:]]
        assert statement == position._RECEIPTS
        ends: dict[tuple[str, str], int] = {}
        for row in self.rows:
            info = json.loads(row.receipt or "{}")
            for part in (info.get("offsets") or ()) if info.get("step") in ("serving", "bronze") else ():
                key = (part["topic"], str(part["partition"]))
                ends[key] = max(part["last"] + 1, ends.get(key, 0))
        return [(*key, end) for key, end in ends.items()]

    def load(self, lines: Sequence[str], batch: MicroBatch, *, position: Positions) -> None:
        self._add(batch, position, tuple(lines))

    def skip(self, batch: MicroBatch, *, position: Positions) -> None:
        self._add(batch, position, ())

    def _add(self, batch: MicroBatch, position: Positions, lines: tuple[str, ...]) -> None:
        self.ensure()
        assert (batch.query, batch.number) not in [(row.query, row.batch) for row in self.rows]
        info = batch.commit_info
        receipt = info.as_json() if info else None
        self.rows.append(Row(batch.query, batch.number, receipt, json.loads(json.dumps(position)), lines))


def old_load(query: str, batch: int, *ranges: OffsetRange, step: Step = Step.SERVING) -> Row:
    """Return a load of an older version, whose one query wrote Postgres and the tables."""
    info = commit_info.begin(lane="stream", step=step)
    receipt = json.loads(info.as_json()) | {"offsets": [vars(part) for part in ranges]}
    return Row(query, batch, json.dumps(receipt), None)
