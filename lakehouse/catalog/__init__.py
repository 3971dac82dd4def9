"""The tables: their names, columns, locations and downstream steps."""

from __future__ import annotations
