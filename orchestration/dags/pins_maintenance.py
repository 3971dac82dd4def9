"""Maintenance of the tables, every night at three (UTC): small files are joined, old files are removed.

It runs every night so that joined files contain one day only, and a query for a day of bronze can skip the
others. Files are joined only if that pays. The task `drift` fails if a field of the pins is lost or has
another type.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronDataIntervalTimetable

with DAG(
    dag_id="pins_maintenance",
    description="OPTIMIZE and VACUUM, keeping past versions for the retention of each table.",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["pinlake"],
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=float(os.environ.get("PINLAKE_AIRFLOW_RETRY_SECONDS", "60"))),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=6),
    },
):
    BashOperator(task_id="maintain", bash_command="pinlake maintain --wait 3600") >> BashOperator(
        task_id="drift", bash_command="pinlake drift"
    )
