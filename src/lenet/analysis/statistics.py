"""What a few runs say of all the runs there could be: mean, deviation, and 95 % intervals.

Student's t distribution ("The Probable Error of a Mean", 1908), as few runs know little of their own spread.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """Of `number` values: mean, sample standard deviation (0 for a single value), minimum and maximum."""

    number: int
    mean: float
    deviation: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """Of one value or more."""
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        return cls(len(values), statistics.fmean(values), deviation, min(values), max(values))

    @property
    def of_the_mean(self) -> float | None:
        """Half of the 95 % interval around `mean` in which the true mean lies; None for a single value."""
        return self._half(1 / self.number)

    @property
    def of_one_more(self) -> float | None:
        """Half of the 95 % interval around `mean` in which one more value would fall; None for a single value."""
        return self._half(1 + 1 / self.number)

    def _half(self, variance: float) -> float | None:
        if self.number < 2:
            return None
        return float(stdtrit(self.number - 1, (1 + LEVEL) / 2)) * self.deviation * math.sqrt(variance)


def chance_of_zero(values: Sequence[float]) -> float | None:
    """How often values around 0 have a mean as far from it as these: Student's test, two-sided, from 0 to 1.

    For differences of pairs. None for fewer than two values, or where they have no spread.
    """
    estimate = Estimate.of(values) if len(values) > 1 else None
    if estimate is None or estimate.deviation == 0:
        return None
    t = estimate.mean / estimate.deviation * math.sqrt(estimate.number)
    return float(2 * stdtr(estimate.number - 1, -abs(t)))


def chance_of_difference(first: Estimate, second: Estimate) -> float | None:
    """How often two samples of one distribution differ in their means as much as these: Welch's test, two-sided.

    From 0 to 1 (B. L. Welch, 1947). None where both have no spread, or one has a single value.
    """
    if min(first.number, second.number) < 2:
        return None
    errors = [each.deviation**2 / each.number for each in (first, second)]
    if sum(errors) == 0:
        return None
    t = (first.mean - second.mean) / math.sqrt(sum(errors))
    freedom = sum(errors) ** 2 / sum(e**2 / (each.number - 1) for e, each in zip(errors, (first, second), strict=True))
    return float(2 * stdtr(freedom, -abs(t)))
