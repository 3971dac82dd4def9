"""Prints the DAGs that Airflow loads, as JSON; the tests run it in a separate process."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.execution_time import macros

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
INTERVAL = {"data_interval_start": NOON - timedelta(days=2), "data_interval_end": NOON - timedelta(days=1)}


def _context(run_type: str) -> dict[str, Any]:
    """Return the context of templates, as far as the DAGs use it."""
    run = SimpleNamespace(run_after=NOON, run_type=run_type)
    return {"dag_run": run, "macros": macros, "data_interval_start": None}


BY_HAND = _context("manual")
SCHEDULED = _context("scheduled") | INTERVAL
BACKFILL = _context("backfill") | INTERVAL


def main() -> None:
    """Load the folder named by the only argument."""
    bag = DagBag(sys.argv[1], bundle_name="dags", bundle_path=Path(sys.argv[1]))
    description = {
        "errors": {Path(name).name: text for name, text in bag.import_errors.items()},
        "seconds": {Path(stat.file).name: stat.duration.total_seconds() for stat in bag.dagbag_stats},
        "dags": {dag_id: _dag(dag) for dag_id, dag in bag.dags.items()},
    }
    print(json.dumps(description))


def _dag(dag: Any) -> dict[str, Any]:  # noqa: ANN401  # Airflow's types are not looked at
    return {
        "schedule": dag.schedule.expression,
        "timetable": type(dag.schedule).__name__,
        "timezone": str(dag.schedule.timezone),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "tasks": {task.task_id: _task(task) for task in dag.tasks},
    }


def _task(task: Any) -> dict[str, Any]:  # noqa: ANN401  # Airflow's types are not looked at
    return {
        "command": task.render_template(task.bash_command, SCHEDULED),
        "backfill": task.render_template(task.bash_command, BACKFILL),
        "by_hand": task.render_template(task.bash_command, BY_HAND),
        "downstream": sorted(task.downstream_task_ids),
        "retries": task.retries,
        "retry_seconds": task.retry_delay.total_seconds(),
        "exponential": bool(task.retry_exponential_backoff),
        "timeout_seconds": task.execution_timeout.total_seconds(),
        "outlets": [asset.name for asset in task.outlets],
    }


main()
