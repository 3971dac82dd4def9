"""The DAGs: one module per schedule."""

from __future__ import annotations
