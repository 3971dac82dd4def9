"""The DAGs as Airflow loads them: their schedule, the order of tasks, and their commands."""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY
from orchestration.configuration import DAGS
from pinlake.cli.main import app

FILES = sorted(DAGS.glob("pins_*.py"))
DAILY = ["consume", "bronze", "silver", "gold", "quality", "reconcile"]
NIGHTLY = ["maintain", "drift"]
COMMANDS = [
    *(("pins_daily", task) for task in DAILY),
    *(("pins_maintenance", task) for task in NIGHTLY),
]
SECONDS = 2.0


@pytest.fixture(scope="module")
def dag_bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAGs, loaded in a separate process because Airflow configures logging of the whole process."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    looked = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("look_at_dags.py")), str(DAGS)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )
    assert looked.returncode == 0, looked.stderr
    answer: dict[str, Any] = json.loads(looked.stdout.splitlines()[-1])
    return answer


def test_all_dags_are_there_and_load_quickly(dag_bag: dict[str, Any]) -> None:
    assert dag_bag["errors"] == {}
    assert sorted(dag_bag["dags"]) == ["pins_daily", "pins_maintenance"]
    assert all(seconds < SECONDS for seconds in dag_bag["seconds"].values()), dag_bag["seconds"]


@pytest.mark.parametrize(
    ("dag", "expression"), [("pins_daily", "0 12 * * *"), ("pins_maintenance", "0 3 * * *")]
)
def test_a_dag_has_whole_intervals_one_at_a_time_and_no_past(
    dag_bag: dict[str, Any], dag: str, expression: str
) -> None:
    description = dag_bag["dags"][dag]

    assert (description["schedule"], description["timezone"]) == (expression, "UTC")
    assert description["timetable"] == "CronDataIntervalTimetable"
    assert (description["catchup"], description["max_active_runs"]) == (False, 1)


def test_the_daily_tasks_are_a_chain_and_name_every_table_of_the_batch_lane(dag_bag: dict[str, Any]) -> None:
    tasks = dag_bag["dags"]["pins_daily"]["tasks"]

    assert {name: task["downstream"] for name, task in tasks.items()} == {
        name: [after] if after else [] for name, after in zip(DAILY, [*DAILY[1:], None], strict=True)
    }
    outlets = [outlet for task in tasks.values() for outlet in task["outlets"]]
    tables = [table.full_name for table in (BATCH.bronze, BATCH.silver, BATCH.features, CATEGORY_DAILY)]
    assert outlets == ["landing.pins", *tables]


@pytest.mark.parametrize(("dag", "task"), COMMANDS)
def test_a_task_is_retried_ever_more_slowly_and_ends(dag_bag: dict[str, Any], dag: str, task: str) -> None:
    description = dag_bag["dags"][dag]["tasks"][task]

    assert description["retries"] >= 3
    assert description["retry_seconds"] == 60
    assert description["exponential"]
    assert 0 < description["timeout_seconds"] <= 6 * 3600


@pytest.mark.parametrize(
    ("dag", "task", "run"), [*((*each, "command") for each in COMMANDS), ("pins_daily", "silver", "backfill")]
)
def test_the_command_of_a_task_exists_and_takes_these_options(
    dag_bag: dict[str, Any], dag: str, task: str, run: str
) -> None:
    program, *words = shlex.split(dag_bag["dags"][dag]["tasks"][task][run])
    assert program == "pinlake"
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]

    command.make_context(task, words)


def test_the_lanes_are_compared_for_the_interval_or_for_the_day_before_a_run_by_hand(
    dag_bag: dict[str, Any],
) -> None:
    task = dag_bag["dags"]["pins_daily"]["tasks"]["reconcile"]

    assert task["command"] == "pinlake reconcile --from 2026-01-29T12:00:00 --to 2026-01-30T12:00:00"
    assert task["by_hand"] == "pinlake reconcile --from 2026-01-30T12:00:00 --to 2026-01-31T12:00:00"


def test_a_backfill_rebuilds_the_days_that_its_interval_touches(dag_bag: dict[str, Any]) -> None:
    tasks = dag_bag["dags"]["pins_daily"]["tasks"]

    changed = {name: task["backfill"] for name, task in tasks.items() if task["backfill"] != task["command"]}
    assert changed == {
        "silver": "pinlake rebuild --from 2026-01-29 --to 2026-01-30 --publish --limit 0 --wait 3600 --json",
        # The stream lane is not rebuilt; this exit code makes Airflow skip the task.
        "reconcile": "exit 2",
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_imports_nothing_but_airflow(file: Path) -> None:
    modules = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").partition(".")[0])

    assert modules - sys.stdlib_module_names == {"airflow"}
