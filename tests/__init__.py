"""The tests: unit (nothing started), spark (a local session), system (the real stack)."""

from __future__ import annotations
