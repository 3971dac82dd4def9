"""The batch lane and the stream lane: from their sources through every layer."""

from __future__ import annotations
