"""Hypothesis for unit tests: without a deadline, because a busy machine is not a fault of the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
