"""The gold layer: features per pin and daily figures per category."""

from __future__ import annotations
