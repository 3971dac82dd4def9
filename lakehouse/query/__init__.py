"""Reading without Spark: delta-rs reads the log and the files, DuckDB runs the SQL. For small questions."""

from __future__ import annotations
