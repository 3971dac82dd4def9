"""Rebuild of past days of the batch lane from bronze, with today's code and suites."""

from __future__ import annotations
