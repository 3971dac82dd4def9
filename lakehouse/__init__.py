"""Spark and Delta: bronze, silver and gold."""

from __future__ import annotations
