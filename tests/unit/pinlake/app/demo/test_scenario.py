"""What the demonstration posts, and the events that must be in the tables at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
import pytest

from foundation.event import new_event_id
from ingestion.client.client import AcknowledgedEvent, Answer
from pinlake.app.demo import scenario
from pinlake.app.demo.scenario import NewestEvent, Posted

URL = "http://api"
PINS = [b'{"unique_id":"%d","follower_count":"1k"}' % number for number in range(150)]


class Api:
    """An API that keeps what was posted, as events in the order of the posts.

    Attributes:
        rejects: whether a pin is rejected.
    """

    def __init__(self) -> None:
        self.rejects: Callable[[str], bool] = lambda unique_id: False
        self.events: list[tuple[str, dict[str, str]]] = []

    def post(
        self, url: str, pins: Sequence[bytes], *, event_ids: Sequence[str] | None = None
    ) -> list[Answer]:
        assert url == URL
        ids = [new_event_id() for _ in pins] if event_ids is None else event_ids
        return [self._answer(orjson.loads(pin), event_id) for pin, event_id in zip(pins, ids, strict=True)]

    def newest(self) -> dict[str, tuple[str, str]]:
        """Return event id and follower count of the newest event of each pin."""
        newest: dict[str, tuple[str, str]] = {}
        for event_id, pin in sorted(self.events, key=lambda event: event[0]):
            newest[pin["unique_id"]] = (event_id, pin["follower_count"])
        return newest

    def _answer(self, pin: dict[str, str], event_id: str) -> Answer:
        if self.rejects(pin["unique_id"]):
            return Answer(422, 0.0, 0, detail="rejected")
        self.events.append((event_id, pin))
        return Answer(201, 0.0, 0, AcknowledgedEvent(pin["unique_id"], event_id))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr(scenario, "post_pins", api.post)
    return api


def _by_pin(posted: Posted) -> dict[str, NewestEvent]:
    assert len({event.unique_id for event in posted.newest}) == len(posted.newest)
    return {event.unique_id: event for event in posted.newest}


def test_the_newest_events_are_those_that_the_api_has_got(api: Api) -> None:
    posted = scenario.post(URL, PINS)

    newest = api.newest()
    events = _by_pin(posted)
    assert {name: event.event_id for name, event in events.items()} == {
        name: event_id for name, (event_id, _) in newest.items()
    }
    for name, (_, followers) in newest.items():
        expected = events[name].follower_count
        assert followers == ("1k" if expected is None else f"{expected / 1000}k")


def test_some_pins_are_updated_and_some_events_repeated(api: Api) -> None:
    posted = scenario.post(URL, PINS)

    assert (posted.accepted, posted.rejected, posted.posted) == (150 + 100 + 50, 0, 300)
    updated = [event for event in posted.newest if event.follower_count is not None]
    assert [event.unique_id for event in updated] == [str(number) for number in range(100)]
    assert len({event.follower_count for event in updated}) == 100
    assert posted.event_ids == sorted(event_id for event_id, _ in api.events[:250])
    repeated = [event_id for event_id, _ in api.events[250:]]
    assert repeated == [event_id for event_id, _ in api.events[75:125]]


def test_a_rejected_pin_is_counted_and_not_expected(api: Api) -> None:
    api.rejects = lambda unique_id: unique_id in {"80", "149"}

    posted = scenario.post(URL, PINS)

    # The first of the two is updated and repeated too.
    assert (posted.accepted, posted.rejected) == (296, 4)
    assert {"80", "149"} & _by_pin(posted).keys() == set()


@pytest.mark.parametrize(("count", "accepted"), [(0, 0), (1, 2), (80, 80 + 80 + 5)])
def test_a_short_data_set_has_fewer_updates_and_repeats(count: int, accepted: int, api: Api) -> None:
    posted = scenario.post(URL, PINS[:count])

    assert (posted.accepted, len(posted.newest)) == (accepted, count)


def test_a_pin_that_is_in_the_data_twice_is_expected_once(api: Api) -> None:
    posted = scenario.post(URL, [PINS[0], PINS[1], PINS[0]])

    events = _by_pin(posted)
    assert set(events) == {"0", "1"}
    assert events["0"].event_id == api.newest()["0"][0]
    assert events["0"].follower_count == 3500
