"""From HTTP to Kafka to landing objects on S3. No Spark here."""

from __future__ import annotations
