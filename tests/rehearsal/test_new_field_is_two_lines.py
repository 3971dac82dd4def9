"""A field that two lines add to silver: the next run evolves an existing table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines import batch as batch_lane
from tests import commands
from tests.landing_objects import land

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(3)]
COLUMN = (
    "lakehouse/catalog/columns.py",
    '    ("save_location",',
    '    ("board", "string", "a board"),\n',
)
FIELD = ("foundation/event.py", '    "category",\n)', '    "board",\n')
RUN = """
import json, sys
from lakehouse.pipelines import batch as batch_lane
from lakehouse.delta.lake import DeltaLake
from lakehouse.spark import session
from lakehouse.catalog.tables import BATCH
from foundation import settings
spark = session.build(settings.load(), app="new field", quick=True)
lake = DeltaLake(spark, sys.argv[1])
batch_lane.run_all(lake, text_policy="unicode")
rows = lake.read(BATCH.silver).select("unique_id", "board").collect()
print(json.dumps({row.unique_id: row.board for row in rows}))
"""


def test_a_column_and_a_field_are_all_it_takes(lake: DeltaLake, settings: Settings, tmp_path: Path) -> None:
    _land(lake, 0, PINS[:2])
    batch_lane.run_all(lake, text_policy="unicode")
    code = tmp_path / "code"
    for room in ("foundation", "lakehouse", "pinlake", "ingestion", "local_stack", "expectations"):
        shutil.copytree(commands.ROOT / room, code / room)
    for file, before, line in (COLUMN, FIELD):
        text = (code / file).read_text()
        assert before in text
        (code / file).write_text(text.replace(before, line + before, 1))

    _land(lake, 2, PINS[1:])
    boards = _run(code, settings, lake)

    assert boards == {PINS[0]: None, PINS[1]: "of 3", PINS[2]: "of 4"}
    older = lake.read(BATCH.silver, version=1)
    assert {row.unique_id for row in older.select("unique_id").collect()} == set(PINS[:2])
    # Code that does not know the column yet works on the same table as code that does.
    _land(lake, 4, PINS[:1])
    batch_lane.run_bronze(lake)
    assert batch_lane.run_silver(lake, text_policy="unicode").written == 1
    assert _run(code, settings, lake)[PINS[1]] == "of 3"


def _land(lake: DeltaLake, first: int, pins: list[str]) -> None:
    records = [
        {"unique_id": pin, "category": "art", "downloaded": 1, "board": f"of {first + number + 1}"}
        for number, pin in enumerate(pins)
    ]
    land(lake, records, first=first)


def _run(code: Path, settings: Settings, lake: DeltaLake) -> dict[str, str | None]:
    # In a file, because pyspark takes a process without a main file for a doctest and ends it.
    script = code / "run.py"
    script.write_text(RUN)
    completed = subprocess.run(
        [sys.executable, str(script), lake.root],
        cwd=code,
        env={**commands.environment(settings), "PYTHONPATH": os.fspath(code)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert completed.returncode == 0, completed.stderr
    boards: dict[str, str | None] = json.loads(completed.stdout.splitlines()[-1])
    return boards
