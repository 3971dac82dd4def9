"""The bytes as they came."""

from __future__ import annotations
