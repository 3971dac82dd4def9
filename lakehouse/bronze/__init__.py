"""The bronze layer: records as they came, byte for byte."""

from __future__ import annotations
