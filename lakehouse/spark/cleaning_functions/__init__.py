"""Cleaning functions in Java, in a catalog of the session: `F.call_function("cleaning.tidy", column)`.

Each is one static method per value, which generated code calls as it calls Spark's own functions.
"""

from __future__ import annotations

from pathlib import Path

# Compiled from java/ by scripts/build_jars.py.
JAR = Path(__file__).with_name("cleaning_functions.jar")
CLASS = "dev.pinlake.cleaning.CleaningFunctions"
CATALOG = "cleaning"
