"""The schedule of kills: determined by the seed, each process once before any twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drill.faults import schedule

NAMES = ["door", "stream", "Kafka", "S3"]


@given(count=st.integers(1, 30), seed=st.integers(0, 1000))
def test_a_schedule_is_fair_and_repeatable(count: int, seed: int) -> None:
    kills = schedule(NAMES, count=count, seconds=60, seed=seed)

    assert kills == schedule(NAMES, count=count, seconds=60, seed=seed)
    assert [kill.moment for kill in kills] == sorted(kill.moment for kill in kills)
    assert all(0 <= kill.moment <= 60 for kill in kills)
    killed = [kill.name for kill in kills]
    assert len(killed) == count
    assert all(len(set(killed[at : at + 4])) == len(killed[at : at + 4]) for at in range(0, count, 4))
