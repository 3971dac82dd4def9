"""The log store that lets many drivers write one Delta table on S3."""

from __future__ import annotations
