"""The tables: their names, columns, locations and downstream consumers."""

from __future__ import annotations
