"""The command line starts quickly: what only some commands need is imported by these alone."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "boto3",
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
    code = f"import sys, pinlake.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
