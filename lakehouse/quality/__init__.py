"""What is known about the quality of the tables."""

from __future__ import annotations
