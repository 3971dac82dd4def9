"""The rows that Postgres must serve: each pin's newest event, in any order of acknowledgement."""

from __future__ import annotations

import random

from drill.load import SentEvent
from drill.proof import newest_rows

EVENT = "0190163d-8694-7000-8000-{:012x}"


def test_the_newest_event_of_a_pin_counts() -> None:
    events = [SentEvent(f"pin-{number % 3}", EVENT.format(number), "art", number) for number in range(9)]
    expected = {f"pin-{pin}": (EVENT.format(6 + pin), "art", 6 + pin, pin % 2) for pin in range(3)}

    for seed in range(5):
        random.Random(seed).shuffle(events)
        assert newest_rows([*events, events[0]]) == expected
