"""Spark and Delta: the tables, the lanes that fill them, and what is done with both."""

from __future__ import annotations
