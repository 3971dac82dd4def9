"""Maintenance, restore, replay, rebuild and erasure."""

from __future__ import annotations
