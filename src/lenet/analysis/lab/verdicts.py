"""What the seeds of a variation did, and which of two variations is better."""

from collections.abc import Mapping
from dataclasses import dataclass

from lenet.analysis.statistics import Estimate, p_value, paired_p_value
from lenet.training.sweep import Result

SIGNIFICANT = 0.05  # the probability below which a difference counts as one
LEARNED = 2  # times chance level: a network below has learned nothing


@dataclass(frozen=True)
class Outcome:
    """What the seeds 0, 1, 2, … of a variation did, as an experiment's JSON file has it.

    Attributes:
        epochs: of each training.
        test_accuracy: of each finished run, after each epoch.
        seconds: of each finished run.
        parameters: of the network; None if no run finished.
        classes: how many there are; None if no run finished.
        diverged: the seeds whose training diverged.
    """

    epochs: int
    test_accuracy: list[list[float]]
    seconds: list[float]
    parameters: int | None
    classes: int | None
    diverged: list[int]

    @classmethod
    def of(cls, result: Result) -> "Outcome":
        """Take the numbers out of the runs."""
        runs = result.runs
        return cls(
            epochs=result.variation.config.epochs,
            test_accuracy=[[point.test_accuracy for point in run.epochs] for run in runs],
            seconds=[run.summary.seconds for run in runs],
            parameters=runs[0].summary.parameters if runs else None,
            classes=len(runs[0].classes) if runs else None,
            diverged=list(result.diverged),
        )

    @property
    def num_seeds(self) -> int:
        """How many seeds were trained."""
        return len(self.test_accuracy) + len(self.diverged)

    @property
    def final_accuracy(self) -> list[float]:
        """Test accuracy of each finished run after its last epoch."""
        return [curve[-1] for curve in self.test_accuracy]

    @property
    def learned(self) -> dict[int, float]:
        """Final test accuracy by seed, of the seeds that got clearly above chance level."""
        if self.classes is None:
            return {}
        finished = [seed for seed in range(self.num_seeds) if seed not in self.diverged]
        accuracy = dict(zip(finished, self.final_accuracy, strict=True))
        return {seed: each for seed, each in accuracy.items() if each >= LEARNED / self.classes}

    @property
    def failures(self) -> str:
        """How many seeds diverged or stayed at chance level, in words; empty if none did."""
        at_chance = len(self.test_accuracy) - len(self.learned)
        counts = {"diverged": len(self.diverged), "at chance": at_chance}
        return ", ".join(f"{count} of {self.num_seeds} {what}" for what, count in counts.items() if count)


def verdict(outcomes: Mapping[str, Outcome], pair: tuple[str, str], *, nested: bool = False) -> str | None:
    """Compare two variations in words: how many seeds failed, and which is better among those that learned.

    Args:
        outcomes: by variation.
        pair: two of them; the second is judged against the first.
        nested: whether the runs of one are the beginnings of the other's with the same seeds: then Student's test of
            their differences decides, else Welch's test.

    Returns:
        A sentence, or None if there is nothing to compare.
    """
    one, other = pair
    failed = [f"{name}: {words}" for name in pair if (words := outcomes[name].failures)]
    first, second = (outcomes[name].learned for name in pair)
    if not first or not second:
        return "; ".join(failed) or None
    estimates = [Estimate.of([*accuracy.values()]) for accuracy in (first, second)]
    if nested:
        probability = paired_p_value([second[seed] - first[seed] for seed in first if seed in second])
    else:
        probability = p_value(*estimates)
    difference = estimates[1].mean - estimates[0].mean
    words = f"{other} against {one}: {difference:+.4f}"
    if probability is None:
        return "; ".join([*failed, f"{words}, too few seeds to tell"])
    p = "p < 0.001" if probability < 0.001 else f"p = {probability:.3f}"
    if probability >= SIGNIFICANT:
        words = f"{words}, not significant ({p})"
    else:
        words = f"{other} is {'better' if difference > 0 else 'worse'} than {one} by {abs(difference):.4f} ({p})"
    return "; ".join([*failed, f"of the seeds that learned, {words}" if failed else words])
