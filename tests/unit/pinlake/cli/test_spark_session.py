"""A session ends with its block, also if the block fails."""

from __future__ import annotations

import pytest

from foundation.settings import Settings
from pinlake.cli.spark_session import short_spark_session, spark_session


def test_a_short_session_is_built_for_small_queries(sessions: list[str], loaded: Settings) -> None:
    with short_spark_session(loaded, app="pinlake sql") as spark:
        assert spark == "pinlake sql"  # type: ignore[comparison-overlap]  # a stand-in
        assert sessions == ["pinlake sql, quick"]

    assert sessions == ["pinlake sql, quick", "stopped"]


def test_a_session_for_work_has_a_status_line(sessions: list[str], loaded: Settings) -> None:
    with spark_session(loaded, app="pinlake silver", status="silver: starting Spark") as (_, line):
        assert line.status == "silver: starting Spark"

    assert sessions == ["pinlake silver", "stopped"]


def test_a_session_stops_if_its_block_fails(sessions: list[str], loaded: Settings) -> None:
    with pytest.raises(ZeroDivisionError), short_spark_session(loaded, app="pinlake sql"):
        raise ZeroDivisionError

    assert sessions[-1] == "stopped"
