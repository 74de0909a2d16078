"""One trial: a training in memory, judged after each epoch by the held-out images, and perhaps given up there.

Nothing is called from within the training: its epochs are an iterator, and a trial that is given up takes no more of them.
"""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lenet.engines.memory import memory_explained
from lenet.errors import ConfigError, ModelError, TrainingError
from lenet.metrics import loss_and_accuracy
from lenet.sweeps.tune.held_out import Base
from lenet.sweeps.tune.space import Space
from lenet.training.in_memory import epochs
from lenet.training.interrupts import Interrupt
from lenet.training.setup import set_up

if TYPE_CHECKING:
    from optuna.trial import Trial

WORST = {"accuracy": 0.0, "loss": math.inf}  # of trials that diverge, or whose network cannot be built


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        value: of the objective, after its last epoch.
        is_pruned: whether it was given up before that.
        attributes: kept with it: accuracy and loss after each epoch, seconds, and the reason why it has none.
    """

    value: float
    is_pruned: bool
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Objective:
    """What trials are judged by.

    Attributes:
        name: "accuracy" or "loss".
        base: settings and images.
        space: what is searched.
    """

    name: str
    base: Base
    space: Space

    def __call__(self, trial: "Trial", interrupt: Interrupt) -> Outcome | None:
        """Train with a trial's settings.

        Args:
            trial: gets the objective after each epoch, and says then whether to go on.
            interrupt: the epoch under way is the last one after it is set.

        Returns:
            What came of it; None after an interrupt, when the trial is to be done again.
        """
        curves: dict[str, list[float]] = {"accuracy": [], "loss": []}
        began, is_pruned = time.perf_counter(), False
        reported = trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        try:
            config = self.base.trial_config(self.space.settings(trial.params))
            with memory_explained("cpu" if config.device == "auto" else config.device, doing="in a trial"):
                setup = set_up(config, self.base.trial_splits)
                judge = setup.test  # of `trial_splits`: the held-out images
                for _ in epochs(setup.engine, config, len(setup.train), range(config.epochs)):
                    loss, accuracy = loss_and_accuracy(setup.engine.logits(judge.images), judge.labels)
                    if not math.isfinite(loss):
                        raise TrainingError(f"the loss on the held-out images became {loss}")
                    curves["accuracy"].append(accuracy)
                    curves["loss"].append(loss)
                    number = len(curves["loss"])
                    if number not in reported:  # by a worker that is gone
                        trial.report(curves[self.name][-1], number)
                    if number == config.epochs:
                        break
                    if interrupt.is_set():
                        return None
                    if trial.should_prune():
                        is_pruned = True
                        break
        except (ConfigError, ModelError, TrainingError) as error:
            attributes = {"reason": error.message, "seconds": time.perf_counter() - began}
            return Outcome(WORST[self.name], is_pruned=False, attributes=attributes)
        attributes = {**curves, "seconds": time.perf_counter() - began}
        return Outcome(curves[self.name][-1], is_pruned, attributes)
