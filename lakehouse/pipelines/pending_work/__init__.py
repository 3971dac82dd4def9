"""Pending work: why a step must start Spark, found out without it."""

from __future__ import annotations
