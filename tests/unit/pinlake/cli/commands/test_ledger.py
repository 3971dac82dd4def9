"""`pinlake ledger` and `pinlake reconcile`: sums that close or do not, and differences of the lanes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest

from foundation.errors import TransientError
from foundation.offsets import LostOffsets, OffsetRange
from foundation.settings import Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability import reconciliation
from lakehouse.observability.ledger import balance, collect
from lakehouse.observability.ledger.collect import LedgerState
from lakehouse.observability.ledger.sums import BalanceCheck
from lakehouse.observability.reconciliation import SETTLING_TIME, Comparison, EventDifference
from lakehouse.pipelines import data_loss
from lakehouse.serving.postgres import Totals
from tests.unit.pinlake.cli.command_line import run

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CLOSED = BalanceCheck("batch", "rows entered = rows of silver.pins_batch", 1_000, 1_000)
OPEN = BalanceCheck("stream", "records read = rows in bronze", 5, 4, ("micro-batch 1 of query: 5 and 4",))


class Ledger:
    """What the checks of a test find: the sums, the lost offsets, and the moment that was asked for."""

    checks: list[BalanceCheck]
    lost: list[LostOffsets]
    since: datetime | None = None

    def __init__(self) -> None:
        self.checks, self.lost = [CLOSED], []


@pytest.fixture
def ledger(sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> Ledger:
    state = Ledger()

    def check_balance(_: DeltaLake, __: LedgerState, *, since: datetime | None) -> list[BalanceCheck]:
        state.since = since
        return state.checks

    monkeypatch.setattr(collect, "collect", lambda *_: LedgerState({}, Totals(0, 0)))
    monkeypatch.setattr(balance, "check_balance", check_balance)
    monkeypatch.setattr(data_loss, "detect_data_loss", lambda _: state.lost)
    return state


@pytest.mark.usefixtures("ledger")
def test_sums_that_close_are_printed() -> None:
    outcome = run("ledger", "check")

    assert outcome.code == 0
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert lines == [
        "lane sum expected found",
        "batch records that Kafka removed unread 0 0 closes",
        "stream records that Kafka removed unread 0 0 closes",
        "stream records that Kafka removed unserved 0 0 closes",
        "batch rows entered = rows of silver.pins_batch 1,000 1,000 closes",
    ]


def test_a_sum_that_does_not_close_is_explained_and_fails(ledger: Ledger) -> None:
    ledger.checks = [CLOSED, OPEN]

    outcome = run("ledger", "check")

    assert outcome.code == 1
    assert "stream records read = rows in bronze 5 4 DOES NOT CLOSE" in outcome.words
    assert outcome.out.splitlines()[-1] == (
        "stream, records read = rows in bronze: micro-batch 1 of query: 5 and 4"
    )
    as_json = run("ledger", "check", "--json")
    assert (as_json.code, as_json.documents[-1]) == (
        1,
        {
            "lane": "stream", "what": "records read = rows in bronze", "expected": 5, "found": 4,
            "where": ["micro-batch 1 of query: 5 and 4"], "closes": False,
        },
    )  # fmt: skip


def test_records_that_kafka_removed_are_a_sum_that_does_not_close(ledger: Ledger) -> None:
    ledger.lost = [
        LostOffsets("batch", OffsetRange("pins", 0, 10, 19)),
        LostOffsets("batch", OffsetRange("pins", 1, 5, 5)),
        LostOffsets("serving", OffsetRange("pins_stream", 0, 1, 2)),
    ]

    outcome = run("ledger", "check", "--json")

    batch, stream, serving, _ = outcome.documents
    assert (outcome.code, batch["found"], batch["closes"], stream["closes"]) == (1, 11, False, True)
    assert batch["where"] == ["pins 0: 10 to 19", "pins 1: 5 to 5"]
    assert (serving["lane"], serving["found"]) == ("stream", 2)


def test_without_kafka_the_other_sums_are_checked(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Settings) -> NoReturn:
        raise TransientError("Kafka does not answer", where="kafka:9092", hint="Start it.")

    monkeypatch.setattr(data_loss, "detect_data_loss", refuse)

    outcome = run("ledger", "check", "--json")

    assert (outcome.code, [document["what"] for document in outcome.documents]) == (0, [CLOSED.what])
    assert "error: Kafka does not answer (kafka:9092). Start it." in outcome.err


@pytest.mark.parametrize(("arguments", "days"), [((), None), (("--since", "7"), 7)])
def test_since_limits_the_steps_that_are_checked(
    arguments: tuple[str, ...], days: int | None, ledger: Ledger
) -> None:
    run("ledger", "check", *arguments)

    age = ledger.since and datetime.now(UTC) - ledger.since
    assert (age and round(age / timedelta(days=1), 2)) == days


class Window:
    """Both lanes as a test wants them, and the window that was compared."""

    newest: tuple[datetime, datetime] | None = (NOON, NOON + timedelta(minutes=1))
    events = 1_234
    differences: tuple[EventDifference, ...] = ()
    compared: tuple[datetime, datetime] | None = None


@pytest.fixture
def window(sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> Window:
    state = Window()

    def compare(_: DeltaLake, *, since: datetime, until: datetime) -> Comparison:
        state.compared = (since, until)
        return Comparison(since, until, state.events, len(state.differences), state.differences)

    monkeypatch.setattr(reconciliation, "find_newest_events", lambda _: state.newest)
    monkeypatch.setattr(reconciliation, "compare", compare)
    return state


def test_by_default_the_last_comparable_day_is_compared(window: Window) -> None:
    outcome = run("reconcile")

    end = NOON - SETTLING_TIME
    assert window.compared == (end - timedelta(days=1), end)
    assert (outcome.code, outcome.out) == (
        0,
        "1,234 events from 2026-01-30 11:59:50 to 2026-01-31 11:59:50 UTC: 0 differ\n",
    )


def test_options_give_the_window_in_utc(window: Window) -> None:
    outcome = run("reconcile", "--from", "2026-01-30", "--to", "2026-01-30T12:00:00", "--json")

    assert window.compared == (datetime(2026, 1, 30, tzinfo=UTC), datetime(2026, 1, 30, 12, tzinfo=UTC))
    assert outcome.documents == [
        {
            "since": "2026-01-30 00:00:00+00:00", "until": "2026-01-30 12:00:00+00:00",
            "events": 1_234, "differing": 0, "differences": [],
        }
    ]  # fmt: skip


def test_differences_are_listed_and_fail_the_command(window: Window) -> None:
    # A record's key is any text that its producer sent.
    window.differences = (EventDifference("event", "[/red]", "only the batch lane has it"),)

    outcome = run("reconcile")

    assert outcome.code == 1
    assert outcome.out.splitlines()[0] == "event  pin [/red]  only the batch lane has it"
    assert outcome.out.endswith(": 1 differ\n")


@pytest.mark.parametrize("end", ["2026-01-30", "2026-01-29"])
def test_an_empty_time_range_is_an_error(end: str, window: Window) -> None:
    outcome = run("reconcile", "--from", "2026-01-30", "--to", end)

    assert (outcome.code, window.compared) == (2, None)
    assert "error: the time range is empty (from 2026-01-30 00:00:00+00:00 to" in outcome.err


def test_a_lane_without_events_is_an_error(window: Window) -> None:
    window.newest = None

    outcome = run("reconcile")

    assert (outcome.code, outcome.out) == (2, "")
    assert "error: a lane has no events yet (reconcile)." in outcome.err


@pytest.mark.parametrize(("arguments", "code"), [((), 2), (("--from", "2026-01-30"), 0)])
def test_nothing_to_compare_is_an_error_unless_the_window_was_given(
    arguments: tuple[str, ...], code: int, window: Window
) -> None:
    window.events = 0

    outcome = run("reconcile", *arguments)

    assert outcome.code == code
    assert ("no event is old enough to compare: events since 11:59:50 UTC" in outcome.err) is (code == 2)
