"""The command line starts quickly: libraries are imported only by the commands that need them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

HEAVY = (
    "boto3",
    "botocore",
    "confluent_kafka",
    "fastapi",
    "kafka",
    "psycopg2",
    "pydantic",
    "pyspark",
    "requests",
    "uvicorn",
)


def test_the_list_of_commands_imports_nothing_heavy() -> None:
    assert _imported_with("pinlake.cli.main", HEAVY) == "[]"


def test_a_health_check_imports_what_it_needs_and_status_no_spark() -> None:
    asks_for_stream = "foundation.settings, foundation.clients, lakehouse.pipelines.stream_status"

    assert _imported_with(asks_for_stream, ("boto3", "kafka", "psycopg2", "pyspark", "structlog")) == "[]"
    assert _imported_with("pinlake.app.status", ("pyspark", "py4j", "delta")) == "[]"


def _imported_with(modules: str, names: Sequence[str]) -> str:
    """Return which of these packages the import of the modules loads."""
    code = f"import sys, {modules}; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()
