"""The silver layer: parsed, cleaned and deduplicated rows."""

from __future__ import annotations
