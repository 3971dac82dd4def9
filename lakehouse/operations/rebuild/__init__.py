"""Past days of the batch lane, computed anew from bronze with the code and the suites of today."""

from __future__ import annotations
