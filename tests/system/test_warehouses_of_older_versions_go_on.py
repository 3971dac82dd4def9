"""A warehouse written by version 0.1.0: both lanes go on, every sum closes, `sql` reads it."""

from __future__ import annotations

from foundation.settings import Settings
from tests import events, warehouses, warm_commands
from tests.served import served

PIN = "0190163d-8694-739b-aea5-966c26f8ad91"
EVENTS = 41


def test_both_lanes_go_on_where_version_0_1_0_stopped(stack: Settings) -> None:
    own = warehouses.restore(stack, "warehouse_0_1_0.tar.xz")
    pins_before = len(served(own))
    (event,) = events.send(own.kafka, [events.pin(PIN, 12)])

    consume, bronze, silver, gold, stream, check, reconcile, rows, refused = warm_commands.in_turn(
        *(["consume", "--json"], ["bronze", "--json"], ["silver", "--json"], ["gold", "--json"]),
        ["stream", "--once", "--json"],
        ["ledger", "check"],
        ["reconcile", "--json"],
        ["sql", "SELECT count(*) AS rows FROM bronze.pins_batch", "--json"],
        ["quarantine", "list", "--json"],
        settings=own,
    )

    for command in (consume, bronze, silver, gold, stream, check, reconcile, rows, refused):
        assert command.code == 0, command.errors
    # Each step reads only the new event, and none that the older version had read.
    assert consume.rows[0]["records"] == 1
    assert served(own)[PIN] == (event, 12)
    assert len(served(own)) == pins_before + 1
    assert rows.rows == [{"rows": EVENTS + 1}]
    assert refused.rows
