"""The findings of one run: runs the doctor's checks when they are due, and records and shows new findings.

Findings are lines of metrics.jsonl, so a resumed run neither forgets nor repeats them.
"""

import functools
import math
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenet.data.class_weights import class_weights
from lenet.data.dataset import Labels
from lenet.doctor import plateau
from lenet.doctor.curve_checks import is_apart
from lenet.doctor.finding import Finding
from lenet.doctor.observation import Activations, Observation, is_at_chance
from lenet.doctor.schedule import AFTER_CHUNK, AFTER_EPOCH, BEFORE_TRAINING, examine
from lenet.metrics import confusion_matrix, loss_and_accuracy
from lenet.networks.layers import Activation, BatchNorm
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.training.job import Job
from lenet.training.teacher import chance_loss

Kind = TypeVar("Kind", ChunkPoint, EpochPoint, Finding)

SAMPLE = 64  # training images for the checks of units
# Of a training of many short epochs, as on people's own images, some epochs are examined: one of a few steps shows little.
SHORT, MANY, LOOKS = 50, 20, 4  # steps of a short epoch; epochs that are many; examined epochs of such a training
EVALUATED = 2000  # training images whose accuracy is computed, with a standard error of at most 0.011


class Findings:
    """The findings of one run; each name is reported once."""

    def __init__(self, job: Job) -> None:
        self.job, self.recorder, self.engine = job, job.recorder, job.setup.engine
        self.train, self.test = job.setup.train, job.setup.test
        weights = class_weights(self.recorder.config, self.train)
        images = np.bincount(self.train.labels, minlength=len(self.train.classes))
        # (num_classes,), as the loss counts them
        self.counts = (images if weights is None else images * weights).astype(np.float64)
        self.chance_loss = chance_loss(self.recorder.config, self.train, self.counts)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The points of a kind so far."""
        return [point for point in self.recorder.points if isinstance(point, kind)]

    @property
    def reported(self) -> set[str]:
        """The names of the findings so far."""
        return {finding.name for finding in self.of(Finding)}

    def before(self, order: NDArray[np.integer[Any]]) -> list[Finding]:
        """Return the new findings before the first step; order: the training labels as they come, (N,)."""
        observation = Observation(train=self.train, test=self.test, order=order)
        return self.report(examine(BEFORE_TRAINING, observation), 0, 0)

    def after_chunk(self, point: ChunkPoint) -> list[Finding]:
        """Return the new findings after a chunk of steps, whose point is logged."""
        chunks = self.of(ChunkPoint)
        losses, rates = [chunk.train_loss for chunk in chunks], [chunk.learning_rate for chunk in chunks]
        return self.report(examine(AFTER_CHUNK, Observation(losses=losses, rates=rates)), point.epoch, point.step)

    def after_epoch(self, point: EpochPoint, predicted: Labels, is_last: bool) -> list[Finding]:
        """Return the new findings after the evaluation of an epoch, whose point is logged.

        Without the points of the epoch's chunks, which may have been lost, nothing is found; and not in every short epoch.

        Args:
            point: of the epoch.
            predicted: classes of the test images, int64 (M,).
            is_last: whether the training ends with this epoch.

        Raises:
            SimulationInterrupted: if the training is interrupted meanwhile.
        """
        if not self.of(ChunkPoint) or not (is_last or self._is_examined(point.epoch)):
            return []
        return self.report(examine(AFTER_EPOCH, self._observe(point, predicted, is_last)), point.epoch, point.step)

    def _is_examined(self, epoch: float) -> bool:
        """Whether this epoch, counted from 1, is one that is examined; the last one always is."""
        epochs = self.recorder.config.epochs
        is_short = len(self.train) <= SHORT * self.recorder.config.batch_size
        return not is_short or epochs <= MANY or epoch % (epochs // LOOKS) == 0

    def _observe(self, point: EpochPoint, predicted: Labels, is_last: bool) -> Observation:
        config, done = self.recorder.config, point.epoch
        end = done if is_last else config.epochs
        steps = end * math.ceil(len(self.train) / config.batch_size)
        latest = self.of(ChunkPoint)[-1]
        earlier = [each for each in self.of(EpochPoint)[:-1] if self._is_examined(each.epoch)]
        loss, accuracy = latest.train_loss, latest.train_accuracy
        escapes, escape_epoch = False, None
        if is_at_chance(loss, accuracy, self.counts, self.chance_loss) and "chance-level" not in self.reported:
            escapes, escape_epoch = plateau.predict(done, end, steps, functools.partial(self._simulate, done))
        layers = self.engine.network.architecture.layers
        outputs = self.engine.outputs(self.train.sample(SAMPLE).images)
        activations = {
            layer.name: Activations(layer.function, values)
            for layer, values in zip(layers, outputs, strict=True)
            if isinstance(layer, Activation)
        }
        return Observation(
            train_loss=loss,
            train_accuracy=accuracy,
            test_accuracy=point.test_accuracy,
            evaluated_accuracy=self._evaluated_accuracy() if is_apart(accuracy, point.test_accuracy) else None,
            steps=steps,
            epochs=end,
            batch_size=config.batch_size,
            counts=self.counts,
            chance_loss=self.chance_loss,
            before=(earlier[-1].train_accuracy, earlier[-1].test_accuracy) if earlier else None,
            is_last=is_last,
            confusion=confusion_matrix(self.test.labels, predicted, len(self.train.classes)),
            classes=self.train.classes,
            activations=activations,
            outputs=outputs[-1],
            functions=frozenset(layer.function for layer in layers if isinstance(layer, Activation)),
            init=config.init,
            has_batch_norm=any(isinstance(layer, BatchNorm) for layer in layers),
            data=self.train.name,
            simulated=end - done,
            escapes=escapes,
            escape_epoch=escape_epoch,
        )

    def report(self, findings: list[Finding], epoch: float, step: int) -> list[Finding]:
        """Record and show the findings that are new, and return them; epoch, step: when they were found."""
        new = [replace(one, epoch=epoch, step=step) for one in findings if one.name not in self.reported]
        for finding in new:
            self.recorder.log(finding)
            self.job.session.display.finding(finding)
        return new

    def _simulate(self, done: int, num_epochs: int) -> float | None:
        """The epoch up to `num_epochs` in which the training escapes; for other numbers only at a constant rate."""
        config = self.recorder.config
        if num_epochs != config.epochs and config.rates_depend_on_epochs:
            return None
        longer = replace(config, epochs=num_epochs)
        preprocessing, interrupt = self.recorder.resolved.preprocessing, self.job.session.interrupt
        return plateau.escape_epoch(self.engine, longer, self.train, preprocessing, done, interrupt)

    def _evaluated_accuracy(self) -> float:
        """The accuracy on some training images, computed as that on the test images."""
        images = self.train.sample(EVALUATED)
        return loss_and_accuracy(self.engine.logits(images.images), images.labels)[1]
