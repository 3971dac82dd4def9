"""The Spark session, its JVM, and helpers that use them."""

from __future__ import annotations
