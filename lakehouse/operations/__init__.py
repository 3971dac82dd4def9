"""Maintenance, restore, quarantine, rebuild and erasure."""

from __future__ import annotations
