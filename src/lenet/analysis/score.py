"""How many labelled images a network classifies correctly, counted while the answers come."""

from collections import Counter
from dataclasses import dataclass, field

from lenet.analysis.answer import Reading


@dataclass
class Score:
    """Counts of the labelled images among those classified.

    Attributes:
        images: labelled images of each class, by its name.
        correct: those classified correctly, by class.
        answers: what the others were taken for, by (class, answer).
    """

    images: Counter[str] = field(default_factory=Counter)
    correct: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, answer: Reading) -> None:
        """Count an answer, if its image has a label."""
        if answer.expected is None:
            return
        self.images[answer.expected] += 1
        if answer.label == answer.expected:
            self.correct[answer.expected] += 1
        else:
            self.answers[answer.expected, answer.label] += 1

    @property
    def num_images(self) -> int:
        """How many labelled images were classified."""
        return self.images.total()

    @property
    def accuracy(self) -> float:
        """Share of them that were classified correctly, 0 to 1."""
        return self.correct.total() / max(1, self.num_images)

    def mistaken_for(self, name: str) -> str:
        """The wrong answers for a class, the most frequent first, with their counts; empty without any."""
        wrong = Counter({answer: count for (expected, answer), count in self.answers.items() if expected == name})
        return ", ".join(f"{answer} {count}" for answer, count in wrong.most_common(3))
