"""What the doctor says of a learner's own training, on stderr, each finding once.

It sees what the loop has anyway: the labels as they came, loss and accuracies, and the network. docs/doctor.md explains the
findings; that of a class never predicted needs a confusion matrix, which is `lenet.train`'s alone.
"""

import sys
from typing import Any

import numpy as np
from torch import nn

from lenet.d2l.steps import Steps, Tally
from lenet.training import checks, doctor
from lenet.training.checks import Finding


class Diagnosis:
    """Of a training of `net` by `steps` for `num_epochs` epochs; init: its initial weights, as TrainConfig names them."""

    def __init__(self, net: Any, steps: Steps, num_epochs: int, init: str | None = None) -> None:
        self.net, self.steps, self.num_epochs, self.init = net, steps, num_epochs, init
        self.told: set[str] = set()
        self.before: tuple[float, float] | None = None

    def epoch(self, done: int, tally: Tally, test_accuracy: float) -> None:
        """After the evaluation of an epoch, the `done`-th."""
        labels = np.concatenate(tally.labels)  # as they came
        if labels.dtype.kind not in "iu":
            return  # not classes
        counts = np.bincount(labels)
        found = doctor.epoch(
            tally.loss,
            tally.accuracy,
            test_accuracy,
            counts,
            before=self.before,
            is_last=done == self.num_epochs,
            net=self.net if isinstance(self.net, nn.Module) else None,
            images=self.steps.sample,
            init=self.init,
            data=self.steps.data,
            rehearsed=self.num_epochs - done if self.steps.rehearses else None,
            leaves=checks.is_at_chance(tally.loss, tally.accuracy, counts) and self._leaves(done),
        )
        self.before = tally.accuracy, test_accuracy
        unshuffled = checks.unshuffled(labels)
        for finding in [unshuffled, *found] if unshuffled else found:
            self._tell(finding)

    def _leaves(self, done: int) -> bool:
        """Whether a training at chance level may leave it yet; PyTorch's is not rehearsed, and given a second epoch."""
        if done == self.num_epochs or "chance-level" in self.told:
            return False
        if not self.steps.rehearses:
            return done == 1
        return not doctor.is_rehearsal_due(done) or self.steps.leaves(done, self.num_epochs)

    def _tell(self, finding: Finding) -> None:
        if finding.name not in self.told:
            self.told.add(finding.name)
            sys.stderr.write(f"FINDING  {finding}\n")
