"""What is expected of the data: suites, the gate, audits, their results, and what readers may see."""

from __future__ import annotations
