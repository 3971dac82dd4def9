"""What is run, and when."""

from __future__ import annotations
