"""The findings of one run: asks the doctor at the right moments, and records and shows what is new.

What was found stands in metrics.jsonl, with the numbers it was found by, so a resumed run neither forgets nor repeats.
"""

import functools
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lenet.data.dataset import Dataset, Labels
from lenet.display.progress import Progress
from lenet.doctor import checks, plateau, schedule
from lenet.doctor.checks import Finding
from lenet.engines import Engine
from lenet.metrics import confusion_matrix
from lenet.pytorch.modules import to_module
from lenet.pytorch.reference import to_input, torch_threads
from lenet.runs.run import Run

SAMPLE = 64  # training pictures of which the units are looked at


class Findings:
    """What `trainer.py` tells the doctor of a run. Its methods give the findings that are new; each name comes once a run."""

    def __init__(
        self, run: Run, show: Progress, engine: Engine, train: Dataset, test: Dataset, interrupted: threading.Event
    ) -> None:
        self.run, self.show, self.engine, self.train, self.test = run, show, engine, train, test
        self.interrupted = interrupted
        self.points = run.metrics
        self.counts = np.bincount(train.labels, minlength=len(train.classes))  # (num_classes,)

    def log(self, point: dict[str, Any]) -> None:
        """Appends a point of the chart to the run."""
        self.run.log(point)
        self.points.append(point)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The points of a kind so far."""
        return [point for point in self.points if point["kind"] == kind]

    @property
    def told(self) -> set[str]:
        """The names of what was found so far."""
        return {line["name"] for line in self.of("finding")}

    def before(self, order: Labels) -> list[Finding]:
        """Before the first step; order: the training labels as they come, `(N,)`."""
        return self.tell(schedule.examine_data(self.train, self.test, order), {"epoch": 0, "step": 0})

    def after_chunk(self, point: Mapping[str, Any]) -> list[Finding]:
        """After a chunk of steps, whose point is logged."""
        return self.tell(schedule.chunk(self.of("chunk")), point)

    def after_epoch(self, point: Mapping[str, Any], predicted: Labels) -> list[Finding]:
        """After the evaluation of an epoch, whose point is logged; predicted: of the test pictures, `(M,)`.

        Raises Abandoned if the training is interrupted meanwhile. Without the points of the epoch's chunks, which were lost
        then, there is nothing to be found.
        """
        if not self.of("chunk"):
            return []
        # On one thread: it is too little for two to share, and where cores are shared they would wait for each other.
        with torch_threads(1):
            return self.tell(self._at_the_end(point, predicted), point)

    def _at_the_end(self, point: Mapping[str, Any], predicted: Labels) -> list[Finding]:
        config, done = self.run.config, point["epoch"]
        latest, earlier = self.of("chunk")[-1], self.of("epoch")[:-1]
        loss, accuracy = latest["train_loss"], latest["train_accuracy"]
        leaves, later = False, None
        if checks.is_at_chance(loss, accuracy, self.counts) and "chance-level" not in self.told:
            leaves, later = schedule.foresee(done, config.epochs, functools.partial(self._leaves_at, done))
        return schedule.epoch(
            loss,
            accuracy,
            point["test_accuracy"],
            self.counts,
            before=(earlier[-1]["train_accuracy"], earlier[-1]["test_accuracy"]) if earlier else None,
            is_last=done == config.epochs,
            confusion=confusion_matrix(self.test.labels, predicted, len(self.train.classes)),
            classes=self.train.classes,
            net=to_module(self.engine.network),
            images=self._sample(),
            init=config.init,
            data=self.train.name,
            rehearsed=config.epochs - done,
            leaves=leaves,
            later=later,
        )

    def tell(self, found: list[Finding], point: Mapping[str, Any]) -> list[Finding]:
        """Records and shows those of the findings that are new, and returns them; point: when they were found."""
        new = [replace(one, epoch=point["epoch"], step=point["step"]) for one in found if one.name not in self.told]
        for finding in new:
            self.log(finding.to_dict())
            self.show.finding(finding)
        return new

    def _leaves_at(self, done: int, num_epochs: int) -> float | None:
        """In which epoch up to `num_epochs`, after those `done`, the network leaves chance level.

        Beyond the training's end only at a constant rate.
        """
        config = self.run.config
        if num_epochs > config.epochs and config.schedule != "constant":
            return None
        longer = replace(config, epochs=num_epochs)
        return plateau.leaves_at(self.engine, longer, self.train, self.run.preprocessing, done, self.interrupted)

    def _sample(self) -> Tensor:
        """Some training pictures as the network takes them, `(SAMPLE, 1, height, width)`."""
        index = np.linspace(0, len(self.train) - 1, min(SAMPLE, len(self.train))).astype(np.int64)
        return to_input(torch.from_numpy(self.train.images[index]), self.run.preprocessing)
