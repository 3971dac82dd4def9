"""Queries: SQL by DuckDB or Spark, time travel, the history of a table, and differences of versions."""

from __future__ import annotations
