"""The same pipeline written by hand without Spark: what Pinlake is compared with."""

from __future__ import annotations
