"""What needs several packages at once: erasure, the demo, the reports' pages."""

from __future__ import annotations
