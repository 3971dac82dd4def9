"""The tests: unit (no server, no Spark), spark (a local session), system and rehearsal (the real stack)."""

from __future__ import annotations
