"""Lists of tags, in their two forms: a JSON array and comma-joined text. A comma parts tags in both."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_EMPTY = F.array().cast("array<string>") if False else None
# One character, then a comma before every other. Possessive: no recursion, whatever the length.
_SPELLED_OUT = r"(?s)^.(?:,.)++\z"
