"""Settings that have a new name: their old names, which are still read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache

# Old to new. In the environment and in .env alike; when both names are set, the new one wins.
RENAMED = {
    "PINLAKE_DOOR_HOST": "PINLAKE_API_HOST",
    "PINLAKE_DOOR_PORT": "PINLAKE_API_PORT",
    "PINLAKE_DOOR_MAX_BODY_BYTES": "PINLAKE_API_MAX_BODY_BYTES",
    "PINLAKE_DOOR_MAX_PIN_BYTES": "PINLAKE_API_MAX_PIN_BYTES",
    "PINLAKE_DOOR_ACKNOWLEDGE_SECONDS": "PINLAKE_API_ACKNOWLEDGE_SECONDS",
    "PINLAKE_POSTGRES_PATIENCE_SECONDS": "PINLAKE_POSTGRES_TIMEOUT_SECONDS",
    "PINLAKE_STREAM_TRIGGER_SECONDS": "PINLAKE_STREAM_SERVING_TRIGGER_SECONDS",
    "PINLAKE_STREAM_PATIENCE_SECONDS": "PINLAKE_STREAM_TIMEOUT_SECONDS",
}

# Not structlog: until it is configured it prints to standard output, and settings are read before that.
_log = logging.getLogger(__name__)


def with_new_names(
    variables: Mapping[str, str | None], *, elsewhere: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Return the variables of one source with every old name replaced by its new one.

    Logs one warning per old name and process.

    Args:
        variables: values by name, in lower case, as pydantic-settings reads them.
        elsewhere: the variables of the other source: a new name there wins over the old name here.
    """
    renamed = dict(variables)
    for old, new in RENAMED.items():
        if old.lower() not in renamed:
            continue
        value = renamed.pop(old.lower())
        is_overruled = new.lower() in variables or new.lower() in elsewhere
        if not is_overruled:
            renamed[new.lower()] = value
        _warn(old, new, is_overruled=is_overruled)
    return renamed


@cache
def _warn(old: str, new: str, *, is_overruled: bool) -> None:
    effect = f"{new} is set too and wins" if is_overruled else "the old name is still read"
    _log.warning("%s is now called %s: %s. Rename it in the environment or in .env.", old, new, effect)
