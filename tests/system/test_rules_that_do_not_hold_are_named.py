"""`pinlake status` names the rules that do not hold, and `quality check-suites` those that are wrong."""

from __future__ import annotations

from pathlib import Path

from foundation.settings import Settings
from tests import events, warm_commands

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]


def test_a_critical_rule_that_does_not_hold_makes_status_fail(own: Settings) -> None:
    _send(own, [(PINS[0], "10"), *[("no uuid", "5")] * 3])

    _, result = warm_commands.in_turn(["stream", "--once"], ["status", "--json"], settings=own)

    assert result.code == 1
    (status,) = result.rows
    assert [server["state"] for server in status["servers"]] == ["running"] * 3
    assert status["quality"]["tables"]["silver.pins_stream"]["critical"] == [
        "silver.quarantined_share.bearable"
    ]


def test_suites_with_mistakes_are_reported(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "expectations"
    folder.mkdir()
    for path in (Path(__file__).parents[2] / "expectations").glob("*.json"):
        (folder / path.name).write_text(
            path.read_text().replace('"column": "category"', '"column": "categry"')
        )

    check = ["quality", "check-suites", "--folder", str(folder)]
    (result,) = warm_commands.in_turn(check, settings=settings)

    assert result.code == 1
    assert "there is no column categry" in result.errors
    assert "Traceback" not in result.errors


def _send(own: Settings, pins: list[tuple[str, str]]) -> list[str]:
    return events.send(own.kafka, [events.pin(*pin) for pin in pins], topics=[own.kafka.stream_topic])
