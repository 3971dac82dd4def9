"""The demonstration: a known set of records through both lanes, and the proof that all of them arrived."""

from __future__ import annotations
