"""Measurement in turns."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.turns import take_turns


def test_sides_alternate_and_the_warm_up_is_not_counted() -> None:
    ran: list[str] = []

    def side(name: str) -> Callable[[], float]:
        def run() -> float:
            ran.append(name)
            return float(len(ran))

        return run

    sides = {"ours": side("ours"), "theirs": side("theirs")}
    assert take_turns(sides, rounds=2) == {"ours": (1, 3), "theirs": (2, 4)}
    assert ran == ["ours", "theirs"] * 2
