"""The identity of a micro-batch, and what its commits name."""

from __future__ import annotations

from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch

BATCH = MicroBatch("query", 3, commit_info.begin(lane="stream"))


def test_the_commits_of_a_step_name_it_and_what_its_gate_counted() -> None:
    silver = BATCH.for_step(Step.SILVER, StepMetrics(read=5, quarantined=2))
    bronze = BATCH.for_step(Step.BRONZE)

    assert silver.commit_info is not None
    assert bronze.commit_info is not None
    assert (silver.commit_info.step, silver.commit_info.read, silver.commit_info.quarantined) == (
        Step.SILVER,
        5,
        2,
    )
    assert (bronze.commit_info.step, bronze.commit_info.read) == (Step.BRONZE, None)
    assert {(batch.query, batch.number, batch.began) for batch in (BATCH, silver, bronze)} == {
        ("query", 3, BATCH.began)
    }


def test_every_step_names_how_many_records_passed_both_gates() -> None:
    counted = BATCH.with_passed(4).for_step(Step.GOLD)

    assert counted.commit_info is not None
    assert counted.commit_info.passed == 4


def test_a_micro_batch_without_commit_info_stays_without() -> None:
    batch = MicroBatch("query", 0)

    assert batch.for_step(Step.GOLD) is batch
    assert batch.with_passed(4).commit_info is None
