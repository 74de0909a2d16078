"""What the doctor says of a learner's own training, on stderr, each finding once.

It sees what the loop has anyway: the labels as they came, loss and accuracies as far as they are known, and the network; and
before the first step the data, where both iterators are lenet's own on something else than Fashion-MNIST as published.
docs/doctor.md explains the findings; that of a class never predicted needs a confusion matrix, which `lenet.train` has.
"""

import contextlib
import functools
import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch import nn

from lenet.d2l.bridge.steps import Steps, Tally
from lenet.d2l.names.iterators import BatchIterator, is_published
from lenet.doctor import checks, schedule
from lenet.doctor.checks import Finding
from lenet.pytorch.tracing import ACTIVATIONS


class Diagnosis:
    """Of a training of `net` by `steps` for `num_epochs` epochs; test_iter: what it is evaluated on, or None.

    init: its initial weights, as TrainConfig names them; None: not known.
    """

    def __init__(self, net: Any, steps: Steps, test_iter: Any, num_epochs: int, init: str | None = None) -> None:
        self.net, self.steps, self.num_epochs, self.init = net, steps, num_epochs, init
        self.test = test_iter.dataset if isinstance(test_iter, BatchIterator) else None
        self.told: set[str] = set()
        self.before: tuple[float, float] | None = None

    def data(self) -> None:
        """Before the first step; published sets, whose SHA-256 was checked when they were read, are not looked at."""
        train_iter = self.steps.train_iter
        if not isinstance(train_iter, BatchIterator) or self.test is None:
            return
        if not is_published(train_iter.dataset, self.test):
            with self._ending_nothing():
                self._tell(schedule.examine_data(train_iter.dataset, self.test))

    def epoch(self, done: int, tally: Tally, test_accuracy: float | None) -> None:
        """After the evaluation of an epoch, the `done`-th. Networks and labels are anybody's: it ends no training."""
        with self._ending_nothing():
            self._tell(self._found(done, tally, test_accuracy))

    @contextlib.contextmanager
    def _ending_nothing(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if "doctor" not in self.told:
                self.told.add("doctor")
                why = f"{type(error).__name__}: {error}".splitlines()[0]
                sys.stderr.write(f"doctor  cannot look at this training, which goes on ({why})\n")

    def _found(self, done: int, tally: Tally, test_accuracy: float | None) -> Sequence[Finding]:
        labels = np.concatenate(tally.labels)  # as they came
        if labels.dtype.kind not in "iu":
            return []  # not classes
        labels = labels[labels >= 0]  # nn.CrossEntropyLoss ignores those of -100
        if not len(labels):
            return []
        counts = np.bincount(labels)
        train_accuracy = None if math.isnan(tally.accuracy) else tally.accuracy
        seen = test_accuracy if train_accuracy is None else train_accuracy
        leaves, later = False, None
        if seen is not None and checks.is_at_chance(tally.loss, seen, counts) and "chance-level" not in self.told:
            leaves, later = self._foresee(done)
        found = schedule.epoch(
            tally.loss,
            train_accuracy,
            test_accuracy,
            counts,
            before=self.before,
            is_last=done == self.num_epochs,
            net=self._network(),
            images=self.steps.sample,
            init=self.init,
            takes_logits=self.steps.takes_logits,
            data=self.test.name if self.test else "",
            test_counts=np.bincount(self.test.labels) if self.test else None,
            rehearsed=self.num_epochs - done if self.steps.rehearses else None,
            leaves=leaves,
            later=later,
        )
        self.before = None
        if train_accuracy is not None and test_accuracy is not None:
            self.before = train_accuracy, test_accuracy
        unshuffled = checks.unshuffled(labels)
        return [unshuffled, *found] if unshuffled else found

    def _network(self) -> nn.Module | None:
        """What the units are looked at in: the network, or its layers, if it calls sigmoids and the like as functions."""
        if not isinstance(self.net, nn.Module):
            return None
        has_units = any(isinstance(layer, ACTIVATIONS) for layer in self.net.modules())
        return self.net if has_units or self.steps.layers is None else self.steps.layers

    def _foresee(self, done: int) -> tuple[bool, float | None]:
        """As `schedule.foresee`; PyTorch's way is not rehearsed, and given a second epoch."""
        if not self.steps.rehearses and done < self.num_epochs:
            return done == 1, None
        return schedule.foresee(done, self.num_epochs, functools.partial(self.steps.leaves_at, done))

    def _tell(self, found: Sequence[Finding]) -> None:
        for finding in found:
            if finding.name not in self.told:
                self.told.add(finding.name)
                sys.stderr.write(f"FINDING  {finding}\n")
