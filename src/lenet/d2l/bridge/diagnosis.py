"""The doctor's findings in a learner's own training, on stderr, each once.

It examines what the loop has anyway: the labels in their order, loss and accuracies as far as they are known, and the
network; and before the first step the data, if both iterators are lenet's own and not Fashion-MNIST as published.
docs/doctor.md explains the findings; that of a class never predicted needs a confusion matrix, which only `lenet.train` has.
"""

import contextlib
import functools
import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lenet.d2l.bridge.activations import functions, record
from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.evaluation import evaluate_accuracy
from lenet.d2l.bridge.fashion_mnist import is_published
from lenet.d2l.bridge.progress import EpochProgress
from lenet.d2l.bridge.steps import Steps
from lenet.doctor import plateau
from lenet.doctor.curve_checks import is_apart
from lenet.doctor.data_checks import unshuffled
from lenet.doctor.finding import Finding
from lenet.doctor.observation import Observation, is_at_chance
from lenet.doctor.schedule import AFTER_EPOCH, BEFORE_TRAINING, examine
from lenet.pytorch.functions import ACTIVATIONS

EVALUATED = 2000  # training images whose accuracy is computed, with a standard error of at most 0.011


class Diagnosis:
    """The findings of one training.

    Args:
        net: the network, an nn.Module or a function.
        steps: train an epoch.
        test_iter: what the network is evaluated on, or None.
        num_epochs: how many epochs are trained.
        init: how the initial weights were drawn, as TrainConfig names it; None if that is not known.
    """

    def __init__(self, net: Any, steps: Steps, test_iter: Any, num_epochs: int, init: str | None = None) -> None:
        self.net, self.steps, self.num_epochs, self.init = net, steps, num_epochs, init
        self.test = test_iter.source if isinstance(test_iter, BatchIterator) else None
        self.reported: set[str] = set()
        self.before: tuple[float, float] | None = None

    def data(self) -> None:
        """Examine the data before the first step, unless they are the published sets, whose SHA-256 was checked."""
        train_iter = self.steps.train_iter
        if not isinstance(train_iter, BatchIterator) or self.test is None:
            return
        if not is_published(train_iter.source, self.test):
            with self._continuing():
                data = Observation(train=train_iter.source, test=self.test)
                self._report(examine(BEFORE_TRAINING, data))

    def epoch(self, done: int, progress: EpochProgress, test_accuracy: float | None) -> None:
        """Examine the training after the evaluation of an epoch. An error of the examination does not end the training.

        Args:
            done: epochs done.
            progress: of the last epoch.
            test_accuracy: after it, if known.
        """
        with self._continuing():
            self._report(self._findings(done, progress, test_accuracy))

    @contextlib.contextmanager
    def _continuing(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if "doctor" not in self.reported:
                self.reported.add("doctor")
                why = f"{type(error).__name__}: {error}".splitlines()[0]
                sys.stderr.write(f"doctor  cannot examine this training, which continues ({why})\n")

    def _findings(self, done: int, progress: EpochProgress, test_accuracy: float | None) -> Sequence[Finding]:
        tally, labels = progress.tally, np.concatenate(progress.labels)  # (N,), in their order
        if labels.dtype.kind not in "iu":
            return []  # not classes
        labels = labels[labels >= 0]  # nn.CrossEntropyLoss ignores labels of -100
        if not len(labels):
            return []
        counts = np.bincount(labels)
        train_accuracy = None if math.isnan(tally.accuracy) else tally.accuracy
        accuracy = test_accuracy if train_accuracy is None else train_accuracy
        steps = self.num_epochs * len(progress.losses)
        escapes, escape_epoch = False, None
        if accuracy is not None and is_at_chance(tally.loss, accuracy, counts) and "chance-level" not in self.reported:
            escapes, escape_epoch = self._predict(done, steps)
        evaluated = None
        if train_accuracy is not None and test_accuracy is not None and is_apart(train_accuracy, test_accuracy):
            evaluated = self._evaluated_accuracy()
        net, sample = self._network(), self.steps.sample
        outputs, activations = record(net, sample) if net is not None and sample is not None else (None, {})
        observation = Observation(
            order=labels,
            train_loss=tally.loss,
            train_accuracy=train_accuracy,
            test_accuracy=test_accuracy,
            evaluated_accuracy=evaluated,
            steps=steps,
            epochs=self.num_epochs,
            batch_size=math.ceil(tally.num_images / len(progress.losses)),
            counts=counts,
            before=self.before,
            is_last=done == self.num_epochs,
            activations=activations,
            outputs=outputs,
            functions=None if net is None else functions(net),
            init=self.init,
            has_batch_norm=net is not None and any(isinstance(layer, _BatchNorm) for layer in net.modules()),
            takes_logits=self.steps.takes_logits,
            data=self.test.name if self.test else "",
            test_counts=np.bincount(self.test.labels) if self.test else None,
            simulated=self.num_epochs - done if self.steps.simulates else None,
            escapes=escapes,
            escape_epoch=escape_epoch,
        )
        self.before = None
        if train_accuracy is not None and test_accuracy is not None:
            self.before = train_accuracy, test_accuracy
        return examine((unshuffled, *AFTER_EPOCH), observation)

    def _evaluated_accuracy(self) -> float | None:
        """The accuracy on some training images, computed as that on the test images; None if they cannot be had again."""
        train_iter = self.steps.train_iter
        if not isinstance(train_iter, BatchIterator):
            return None
        images = train_iter.source.sample(EVALUATED)
        with torch.random.fork_rng(devices=[]):  # the learner's training must not depend on it
            return evaluate_accuracy(self.net, BatchIterator(images, train_iter.batch_size, resize=train_iter.size))

    def _network(self) -> nn.Module | None:
        """The network to examine: its layers alone if it calls its activations as functions."""
        if not isinstance(self.net, nn.Module):
            return None
        has_units = any(isinstance(layer, ACTIVATIONS) for layer in self.net.modules())
        return self.net if has_units or self.steps.layers is None else self.steps.layers

    def _predict(self, done: int, steps: int) -> tuple[bool, float | None]:
        """What `plateau.predict` returns; a training by PyTorch is not simulated, and gets a second epoch."""
        if not self.steps.simulates and done < self.num_epochs:
            return done == 1, None
        return plateau.predict(done, self.num_epochs, steps, functools.partial(self.steps.escape_epoch, done))

    def _report(self, found: Sequence[Finding]) -> None:
        for finding in found:
            if finding.name not in self.reported:
                self.reported.add(finding.name)
                sys.stderr.write(f"FINDING  {finding}\n")
