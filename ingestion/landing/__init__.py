"""The batch consumer (from Kafka to landing objects on S3), and the redaction of landing objects."""

from __future__ import annotations
