"""Serving: gold's features in Postgres."""

from __future__ import annotations
