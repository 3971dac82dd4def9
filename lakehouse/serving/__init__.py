"""The serving table in Postgres: the newest features of every pin."""

from __future__ import annotations
