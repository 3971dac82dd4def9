"""The HTTP API: it accepts pins and answers after Kafka has acknowledged them."""

from __future__ import annotations
