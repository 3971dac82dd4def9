"""The Spark session, its JVM, and what runs on both."""

from __future__ import annotations
