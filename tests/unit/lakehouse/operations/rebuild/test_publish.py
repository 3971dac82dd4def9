"""The steps of a publication: their order survives a kill after any of them; equal rows are not written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.rebuild import publish as publishing
from lakehouse.operations.rebuild import quarantine
from lakehouse.operations.rebuild.publish import NOTE, Publication
from lakehouse.operations.rebuild.recompute import Recomputation, RecomputedSilver
from lakehouse.quality.results import GateStats

COUNTS = StepMetrics(read=10, written=7, quarantined=3)


class Rows:
    """A DataFrame of which only the number of rows matters."""

    def __init__(self, count: int) -> None:
        self._count = count

    def count(self) -> int:
        return self._count

    def isEmpty(self) -> bool:
        return self._count == 0


def _judged(layer: str) -> SimpleNamespace:
    table = SimpleNamespace(layer=layer, full_name=f"{layer}.x")
    return SimpleNamespace(counts=COUNTS, gate=SimpleNamespace(table=table), rules=())


class Rebuild:
    """A publication over stand-ins, which records each write and each published count."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, silver: int, gold: int, refused: int) -> None:
        self.events: list[str] = []
        self.batches: list[MicroBatch] = []
        self._silver, self._gold, self._refused = silver, gold, refused
        monkeypatch.setattr(quarantine, "write", self._refuse)
        monkeypatch.setattr(publishing, "Quarantine", lambda *_: SimpleNamespace(release=self._release))
        monkeypatch.setattr(publishing, "run_gold", lambda _: self.events.append("promote to gold"))
        monkeypatch.setattr(publishing, "publish", self._publish)

    def publication(self) -> Publication:
        silver = SimpleNamespace(
            version=12, judged=_judged("silver"), changes=Rows(self._silver), refusals=Rows(self._refused),
            released=Rows(2),
        )  # fmt: skip
        gold = SimpleNamespace(
            judged=_judged("gold"), features=Rows(self._gold), daily=Rows(self._gold), refusals=Rows(0),
            released=Rows(1),
        )  # fmt: skip
        return Publication(
            cast("DeltaLake", SimpleNamespace(apply_changes=self._apply)),
            cast("Recomputation", SimpleNamespace(recompute_gold=lambda _: gold)),
            silver=cast("RecomputedSilver", silver),
            stats=GateStats(),
        )

    def _refuse(self, _: DeltaLake, __: Rows, count: int, batch: MicroBatch) -> None:
        self.batches.append(batch)
        self.events.append(f"refuse {count} in {batch.query.rsplit('/', 1)[1]}")

    def _release(self, rows: Rows, *, note: str) -> None:
        assert note == NOTE
        self.events.append(f"release {rows.count()}")

    def _apply(self, rows: Rows, table: Table, batch: MicroBatch) -> None:
        self.batches.append(batch)
        self.events.append(f"write {rows.count()} to {table.full_name}")

    def _publish(self, _: DeltaLake, table: Table, *, gates: GateStats) -> None:
        counts = gates.take(run_id="run", lane="batch")[1]
        self.events.append(f"publish {table.full_name} with {counts.quarantined} of {counts.read} refused")


def test_a_record_is_in_quarantine_before_it_leaves_silver_and_in_silver_before_it_is_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rebuild = Rebuild(monkeypatch, silver=5, gold=4, refused=1)

    for step in rebuild.publication().list_steps():
        step()

    assert rebuild.events == [
        "refuse 1 in silver",
        "write 5 to silver.pins_batch",
        # Of the 3 refused records only the new one counts, less the 2 that pass now.
        "publish silver.pins_batch with -1 of 10 refused",
        "release 2",
        "promote to gold",
        "refuse 0 in gold",
        "write 4 to gold.pin_features_batch",
        "write 4 to gold.category_daily",
        "publish gold.pin_features_batch with 0 of 0 refused",
        "release 1",
    ]


def test_equal_rows_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuild = Rebuild(monkeypatch, silver=0, gold=0, refused=0)

    for step in rebuild.publication().list_steps():
        step()

    assert [event for event in rebuild.events if event.startswith("write")] == []


def test_every_write_says_which_version_of_bronze_it_was_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuild = Rebuild(monkeypatch, silver=5, gold=4, refused=1)

    for step in rebuild.publication().list_steps():
        step()

    infos = [batch.commit_info for batch in rebuild.batches]
    assert {(info.versions.first, info.versions.last) for info in infos if info and info.versions} == {
        (0, 12)
    }
    # Two layers write to quarantine: for Delta these must be two queries.
    run = infos[0].run if infos[0] else ""
    assert [batch.query.removeprefix(f"rebuild/{run}") for batch in rebuild.batches] == [
        "/silver", "", "/gold", "", "",
    ]  # fmt: skip


def test_two_rebuilds_are_two_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuild = Rebuild(monkeypatch, silver=5, gold=0, refused=1)

    for _ in range(2):
        rebuild.publication().list_steps()[0]()

    assert len({batch.query for batch in rebuild.batches}) == 2
