"""Metrics of a step: its rows and its time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StepMetrics:
    """The rows and the time of a step.

    Attributes:
        batches: micro-batches that were not empty.
        read: rows read.
        written: rows handed to the layer's table.
        quarantined: rows refused.
        seconds: wall time.
    """

    batches: int = 0
    read: int = 0
    written: int = 0
    quarantined: int = 0
    seconds: float = 0.0

    @property
    def quarantined_share(self) -> float:
        """The share of the rows read that were refused; 0 if none was read."""
        return self.quarantined / self.read if self.read else 0.0

    def __add__(self, other: StepMetrics) -> StepMetrics:
        """Return the sums."""
        return StepMetrics(
            self.batches + other.batches,
            self.read + other.read,
            self.written + other.written,
            self.quarantined + other.quarantined,
            self.seconds + other.seconds,
        )
