"""A command that writes holds its leases until its block ends, and SIGTERM ends the block in order."""

from __future__ import annotations

import signal

import pytest

from foundation.settings import Settings
from pinlake.cli.write_lock import TERMINATED, write_lock
from tests.unit.pinlake.cli.conftest import Held


def test_the_leases_are_held_under_the_name_of_the_command(leases: list[Held], loaded: Settings) -> None:
    with write_lock("silver", ["silver.pins_batch"], wait=2.5) as settings:
        assert settings == loaded

    assert leases == [Held("pinlake silver", ("silver.pins_batch",), 2.5)]


@pytest.mark.usefixtures("leases")
def test_sigterm_ends_the_block_in_order() -> None:
    closed = []
    with pytest.raises(SystemExit) as ended, write_lock("silver", [], wait=0.0):
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            closed.append("block")

    assert (ended.value.code, TERMINATED, closed) == (143, 143, ["block"])
