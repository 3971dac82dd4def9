"""Who is killed when: by the seed alone, and everybody once before anybody twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drill.faults import schedule

NAMES = ["door", "stream", "Kafka", "S3"]


@given(count=st.integers(1, 30), seed=st.integers(0, 1000))
def test_a_schedule_is_fair_and_repeatable(count: int, seed: int) -> None:
    blows = schedule(NAMES, count=count, seconds=60, seed=seed)

    assert blows == schedule(NAMES, count=count, seconds=60, seed=seed)
    assert [blow.moment for blow in blows] == sorted(blow.moment for blow in blows)
    assert all(0 <= blow.moment <= 60 for blow in blows)
    killed = [blow.name for blow in blows]
    assert len(killed) == count
    assert all(len(set(killed[at : at + 4])) == len(killed[at : at + 4]) for at in range(0, count, 4))
