"""`airflow dags test` with a stub of `pinlake`: the commands that run, their order and their results.

tests/rehearsal/test_airflow_* run the real commands under Airflow.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestration.configuration import DAGS
from tests import commands

DAY = "2026-01-30"
COUNTS = {"read": 4, "written": 4}
# It records its arguments, fails at the first run of silver, and prints its counts last.
PINLAKE = f"""#!{sys.executable} -IS
import json, pathlib, sys
notes = pathlib.Path(__file__).with_name("calls")
with notes.open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1] == "silver" and notes.read_text().count('["silver"') == 1:
    sys.exit(1)
print("a line before the last")
print(json.dumps({{"step": sys.argv[1], **{COUNTS}}}))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an Airflow that has run the daily chain once."""
    home = tmp_path_factory.mktemp("airflow")
    program = home / "bin" / "pinlake"
    program.parent.mkdir()
    program.write_text(PINLAKE)
    program.chmod(0o700)
    _airflow("db", "migrate", home=home)
    _airflow("dags", "test", "pins_daily", DAY, home=home)
    return home


def test_the_commands_run_in_order_and_a_failed_one_again(home: Path) -> None:
    calls = [json.loads(line) for line in (home / "bin" / "calls").read_text().splitlines()]

    wait = ["--wait", "3600", "--json"]
    assert calls == [
        ["consume", "--json"],
        ["bronze", *wait],
        ["silver", *wait],
        ["silver", *wait],
        ["gold", *wait],
        ["quality", "report"],
        ["reconcile", "--from", "2026-01-28T12:00:00", "--to", "2026-01-29T12:00:00"],
    ]
    tries = _ask(home, "SELECT task_id, try_number FROM task_instance WHERE state = 'success'")
    expected = {"consume": 1, "bronze": 1, "silver": 2, "gold": 1, "quality": 1, "reconcile": 1}
    assert dict(tries) == expected


def test_the_counts_of_a_step_go_with_its_tables(home: Path) -> None:
    events = "asset_event JOIN asset ON asset.id = asset_event.asset_id"
    rows = _ask(home, f"SELECT asset.name, asset_event.extra FROM {events}")

    steps = {
        "landing.pins": "consume",
        "bronze.pins_batch": "bronze",
        "silver.pins_batch": "silver",
        "gold.pin_features_batch": "gold",
        "gold.category_daily": "gold",
    }
    assert {name: json.loads(extra) for name, extra in rows} == {
        name: {"step": step, **COUNTS} for name, step in steps.items()
    }


def _ask(home: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        return database.execute(statement).fetchall()


def _airflow(*arguments: str, home: Path) -> None:
    scripts = Path(sys.executable).parent
    environment = {
        **commands.inherited(),
        "PATH": os.pathsep.join([str(home / "bin"), str(scripts), os.environ.get("PATH", os.defpath)]),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PINLAKE_AIRFLOW_RETRY_SECONDS": "1",
    }
    completed = subprocess.run(
        [str(scripts / "airflow"), *arguments], env=environment, capture_output=True, text=True
    )
    assert completed.returncode == 0, completed.stdout[-3000:] + completed.stderr[-3000:]
