"""The log store that lets several drivers write one Delta table on S3."""

from __future__ import annotations

from pathlib import Path

# Compiled from java/ by scripts/build_jars.py.
JAR = Path(__file__).with_name("log_store.jar")
CLASS = "dev.pinlake.ConditionalCreateLogStore"
