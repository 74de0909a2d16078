"""Paired comparisons of variations, with a correction for their number.

The same seed gives the same order of the images and, for networks of the same shape, the same initial weights, so runs are
compared seed by seed: what a seed does to both of them cancels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lenet.analysis.statistics import Estimate, paired_p_value

SIGNIFICANT = 0.05  # the corrected p-value below which a difference counts as one
FIRST, BEST = "first", "best"

BySeed = Mapping[int, float]  # the accuracies of a variation


@dataclass(frozen=True)
class Comparison:
    """A variation against another one.

    Attributes:
        variation: its name.
        reference: the name of the other.
        pairs: how many seeds both have.
        difference: mean of the variation's accuracy minus the other's; None without pairs.
        interval: half the width of the difference's 95 % confidence interval, for itself alone; None for a single pair.
        p_value: of Student's paired test; None for a single pair, or differences that are all the same.
        corrected: the p-value after Holm's correction for all comparisons that were made.
    """

    variation: str
    reference: str
    pairs: int
    difference: float | None
    interval: float | None
    p_value: float | None
    corrected: float | None

    @property
    def is_significant(self) -> bool:
        """Whether the difference is significant."""
        return self.corrected is not None and self.corrected < SIGNIFICANT

    def __str__(self) -> str:
        """Return a sentence for a significant difference."""
        better = "better" if (self.difference or 0) > 0 else "worse"
        difference, p = abs(self.difference or 0), p_text(self.corrected)
        return f"{self.variation} is {better} than {self.reference} by {difference:.4f} (corrected p {p})"


def compare(accuracy: Mapping[str, BySeed], reference: str, chosen: bool) -> tuple[Comparison, ...]:
    """Compare each variation with one of them.

    Args:
        accuracy: by variation and seed.
        reference: the name of one.
        chosen: whether it was chosen by these accuracies. Then every pair of variations has been looked at, and the
            correction counts all of them.

    Returns:
        The comparisons, in the order of the variations.
    """
    others = [name for name in accuracy if name != reference]
    differences = {
        name: [
            value - accuracy[reference][seed] for seed, value in accuracy[name].items() if seed in accuracy[reference]
        ]
        for name in others
    }
    p_values = {name: p for name in others if (p := paired_p_value(differences[name])) is not None}
    number = len(accuracy) * (len(accuracy) - 1) // 2 if chosen else len(p_values)
    corrected = dict(zip(p_values, holm([*p_values.values()], number), strict=True))
    comparisons = []
    for name in others:
        estimate = Estimate.of(differences[name]) if differences[name] else None
        comparisons.append(
            Comparison(
                name,
                reference,
                len(differences[name]),
                estimate.mean if estimate else None,
                estimate.mean_interval if estimate else None,
                p_values.get(name),
                corrected.get(name),
            )
        )
    return tuple(comparisons)


def holm(p_values: Sequence[float], number: int | None = None) -> list[float]:
    """Return p-values corrected for their number (Holm, 1979): the chance of any false finding stays below the level.

    Args:
        p_values: uncorrected.
        number: of all tests that were made, if more than these.

    Returns:
        The corrected ones, in the same order, at most 1.
    """
    number = number or len(p_values)
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (number - rank) * p_values[position]))
        corrected[position] = largest
    return corrected


def p_text(p_value: float | None) -> str:
    """Return a p-value as it is printed: `0.012`, `< 0.001`; empty for none."""
    if p_value is None:
        return ""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
