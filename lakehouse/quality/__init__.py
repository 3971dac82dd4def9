"""Data quality: suites of rules, the gate, audits and their results, and the versions that readers see."""

from __future__ import annotations
