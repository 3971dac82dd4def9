"""One cleaned row per pin."""

from __future__ import annotations
