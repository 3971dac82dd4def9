"""The batch lane, every day at noon (UTC): from Kafka to gold, then the report and the reconciliation.

Every task is one command and may be run again at any time: each starts at its own checkpoint. A command waits
for another writer of its table, so a retry waits for a process that an earlier attempt left running.

A run of a backfill is about the past: it recomputes the UTC days of its interval from bronze.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, chain

WAIT = "--wait 3600"
NOTHING_TO_COMPARE = 2
# A run that was started by hand has no interval: it takes the day before its start.
BEGIN = "(data_interval_start | default(dag_run.run_after - macros.timedelta(days=1), true))"
END = "(data_interval_end | default(dag_run.run_after, true))"
FORM = "strftime('%Y-%m-%dT%H:%M:%S')"
DAY = "strftime('%Y-%m-%d')"
BACKFILL = "dag_run.run_type == 'backfill'"
REBUILD = f"rebuild --from {{{{ {BEGIN}.{DAY} }}}} --to {{{{ {END}.{DAY} }}}} --publish --limit 0"
# The stream lane is not rebuilt, so the lanes may differ after a backfill.
RECONCILE = (
    f"{{% if {BACKFILL} %}}exit {NOTHING_TO_COMPARE}{{% else %}}"
    f"pinlake reconcile --from {{{{ {BEGIN}.{FORM} }}}} --to {{{{ {END}.{FORM} }}}}{{% endif %}}"
)

LANDING = Asset(name="landing.pins", uri="pinlake://landing/pins")
BRONZE = Asset(name="bronze.pins_batch", uri="pinlake://bronze/pins_batch")
SILVER = Asset(name="silver.pins_batch", uri="pinlake://silver/pins_batch")
FEATURES = Asset(name="gold.pin_features_batch", uri="pinlake://gold/pin_features_batch")
CATEGORY_DAILY = Asset(name="gold.category_daily", uri="pinlake://gold/category_daily")


def _counts(last_line: str) -> dict[str, Any]:
    """Return the JSON object that a command printed last; empty if the last line is not one.

    Airflow mixes standard error into the output, so the last line may be a log line.
    """
    try:
        counts = json.loads(last_line)
    except ValueError:
        return {}
    return counts if isinstance(counts, dict) else {}


def _attach_counts(context: Mapping[str, Any], result: dict[str, Any]) -> None:
    """Attach the counts to the asset event of each table that a task has written."""
    for outlet in context["task"].outlets:
        context["outlet_events"][outlet].extra = result


def _step(name: str, command: str, outlets: list[Asset]) -> BashOperator:
    return BashOperator(
        task_id=name,
        bash_command=f"pinlake {command} --json",
        output_processor=_counts,
        post_execute=_attach_counts,
        outlets=outlets,
    )


with DAG(
    dag_id="pins_daily",
    description="Kafka to landing, bronze, silver and gold; the quality report; reconciliation of the lanes.",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 12 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["pinlake"],
    default_args={
        "retries": 3,
        # Read from the environment, because DAG files import no code of Pinlake.
        "retry_delay": timedelta(seconds=float(os.environ.get("PINLAKE_AIRFLOW_RETRY_SECONDS", "60"))),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
        "execution_timeout": timedelta(hours=2),
    },
):
    chain(
        _step("consume", "consume", [LANDING]),
        _step("bronze", f"bronze {WAIT}", [BRONZE]),
        _step("silver", f"{{% if {BACKFILL} %}}{REBUILD}{{% else %}}silver{{% endif %}} {WAIT}", [SILVER]),
        _step("gold", f"gold {WAIT}", [FEATURES, CATEGORY_DAILY]),
        BashOperator(task_id="quality", bash_command="pinlake quality report"),
        # There is nothing to compare if the stream lane has never run.
        BashOperator(task_id="reconcile", bash_command=RECONCILE, skip_on_exit_code=NOTHING_TO_COMPARE),
    )
