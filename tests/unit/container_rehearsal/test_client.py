"""The longest time of a client without an answer."""

from __future__ import annotations

import pytest

from container_rehearsal.client import longest_gap


@pytest.mark.parametrize(
    ("moments", "gap"), [([], 0.0), ([5.0], 0.0), ([1.0, 1.5, 4.0, 4.25], 2.5)], ids=["none", "one", "some"]
)
def test_the_longest_gap_between_neighbours(moments: list[float], gap: float) -> None:
    assert longest_gap(moments) == gap
