"""The HTTP API: it accepts pins and answers once Kafka has them."""

from __future__ import annotations
