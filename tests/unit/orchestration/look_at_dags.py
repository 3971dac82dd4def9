"""Prints what Airflow finds in the DAG files, as JSON: run by the tests, in a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag


def main() -> None:
    """Load the folder that is the one argument."""
    bag = DagBag(sys.argv[1], bundle_name="dags", bundle_path=Path(sys.argv[1]))
    found = {
        "errors": {Path(name).name: text for name, text in bag.import_errors.items()},
        "seconds": {Path(stat.file).name: stat.duration.total_seconds() for stat in bag.dagbag_stats},
        "dags": {dag_id: _dag(dag) for dag_id, dag in bag.dags.items()},
    }
    print(json.dumps(found))


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
        "command": task.bash_command,
        "downstream": sorted(task.downstream_task_ids),
        "retries": task.retries,
        "retry_seconds": task.retry_delay.total_seconds(),
        "exponential": bool(task.retry_exponential_backoff),
        "timeout_seconds": task.execution_timeout.total_seconds(),
        "outlets": [asset.name for asset in task.outlets],
    }


main()
