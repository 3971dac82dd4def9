"""Features that need several packages: erasure, the demo, status, pages of the quality report."""

from __future__ import annotations
