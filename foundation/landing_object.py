"""What the name of a landing object says of the records in it."""

from __future__ import annotations

import re

from foundation.offsets import OffsetRange

_NAME = re.compile(r"/(?P<topic>[^/]+)-(?P<partition>\d+)-(?P<first>\d+)-(?P<last>\d+)\.jsonl\.gz$")


def offsets_in(path: str) -> OffsetRange | None:
    """Return the offsets that a landing object holds, or None if the path is of no such object."""
    match = _NAME.search(path)
    if match is None:
        return None
    return OffsetRange(match["topic"], int(match["partition"]), int(match["first"]), int(match["last"]))
