"""The path from HTTP to Kafka to landing objects on S3, without Spark."""

from __future__ import annotations
