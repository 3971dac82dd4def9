"""The demonstration: it sends known records through both lanes and checks that all of them arrived."""

from __future__ import annotations
