"""Measurement in turns: what is compared runs alternately, so that neither finds the machine warmer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

Name = TypeVar("Name")


def take_turns(
    sides: Mapping[Name, Callable[[], float]], *, rounds: int, warm_up: bool = False
) -> dict[Name, tuple[float, ...]]:
    """Run each side once per round, in order, and return the seconds of each run by side.

    Args:
        sides: functions that do the work and return the seconds that it took.
        rounds: number of rounds.
        warm_up: run each side once before, without counting it.
    """
    if warm_up:
        for run in sides.values():
            run()
    measured = [{name: run() for name, run in sides.items()} for _ in range(rounds)]
    return {name: tuple(seconds[name] for seconds in measured) for name in sides}
