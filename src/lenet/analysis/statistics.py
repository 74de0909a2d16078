"""Mean, standard deviation, confidence intervals and tests for the results of a few runs.

They use Student's t distribution ("The Probable Error of a Mean", 1908), since a few runs know little of their own spread.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.95
NORMAL = statistics.NormalDist().inv_cdf((1 + LEVEL) / 2)
MAX_TERMS = 1000  # of the continued fraction; a few dozen suffice


@dataclass(frozen=True)
class Estimate:
    """What is known of some values.

    Attributes:
        number: how many there are.
        mean: their mean.
        std: sample standard deviation, 0 for a single value.
        minimum: the smallest.
        maximum: the largest.
    """

    number: int
    mean: float
    std: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """Return the estimate from one value or more."""
        std = statistics.stdev(values) if len(values) > 1 else 0.0
        return cls(len(values), statistics.fmean(values), std, min(values), max(values))

    @property
    def mean_interval(self) -> float | None:
        """Half the width of the 95 % confidence interval of the mean; None for a single value."""
        return self._half(1 / self.number)

    @property
    def prediction_interval(self) -> float | None:
        """Half the width of the 95 % prediction interval of one more value; None for a single value."""
        return self._half(1 + 1 / self.number)

    def _half(self, variance: float) -> float | None:
        if self.number < 2:
            return None
        return t_quantile(self.number - 1, (1 + LEVEL) / 2) * self.std * math.sqrt(variance)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share, such as an accuracy (Wilson, 1927).

    Args:
        successes: how many trials succeeded.
        trials: how many there were, at least one.

    Returns:
        From and to, between 0 and 1.
    """
    share, square = successes / trials, NORMAL**2
    middle = share + square / (2 * trials)
    half = NORMAL * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    scale = 1 + square / trials
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def paired_p_value(values: Sequence[float]) -> float | None:
    """Return the two-sided p-value of Student's test that the mean of some differences is 0.

    Args:
        values: differences of pairs.

    Returns:
        From 0 to 1; None for fewer than two values, or values without spread.
    """
    estimate = Estimate.of(values) if len(values) > 1 else None
    if estimate is None or estimate.std == 0:
        return None
    t = estimate.mean / estimate.std * math.sqrt(estimate.number)
    return 2 * t_tail(estimate.number - 1, abs(t))


def p_value(first: Estimate, second: Estimate) -> float | None:
    """Return the two-sided p-value of Welch's test (1947) that two means are equal.

    Returns:
        From 0 to 1; None where both have no spread, or one has a single value.
    """
    if min(first.number, second.number) < 2:
        return None
    errors = [each.std**2 / each.number for each in (first, second)]
    if sum(errors) == 0:
        return None
    t = (first.mean - second.mean) / math.sqrt(sum(errors))
    freedom = sum(errors) ** 2 / sum(e**2 / (each.number - 1) for e, each in zip(errors, (first, second), strict=True))
    return 2 * t_tail(freedom, abs(t))


def t_tail(freedom: float, t: float) -> float:
    """Return the probability that Student's t with so many degrees of freedom exceeds t, for t >= 0."""
    return _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2


def t_quantile(freedom: float, probability: float) -> float:
    """Return the value that Student's t exceeds with probability `1 - probability`, for 0.5 <= probability < 1."""
    low, high = 0.0, 1.0
    while t_tail(freedom, high) > 1 - probability:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in (low, high):  # until no float lies between them
        low, high = (middle, high) if t_tail(freedom, middle) > 1 - probability else (low, middle)
    return high


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 1964, 26.5.8)."""
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):  # where the fraction of the other tail converges faster
        return 1 - _incomplete_beta(1 - x, b, a)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)) / a
    # Lentz's method, from the top of the fraction down: numerators d(2m) = m (b - m) x / ((a + 2m - 1) (a + 2m)) and
    # d(2m + 1) = -(a + m) (a + b + m) x / ((a + 2m) (a + 2m + 1)).
    value = c = 1.0
    d = 0.0
    for step in range(1, MAX_TERMS):
        m = step // 2
        if step % 2:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + numerator * d)
        c = 1 + numerator / c
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front / value
