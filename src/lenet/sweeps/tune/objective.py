"""One trial: a training in memory, judged after each epoch by the held-out images, and perhaps given up there."""

import contextlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lenet.errors import ConfigError, ModelError, TrainingError
from lenet.sweeps.tune.held_out import Base
from lenet.sweeps.tune.space import Space
from lenet.training.interrupts import Interrupt
from lenet.training.trials import Trials

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
        trials: where trials are trained.
    """

    name: str
    base: Base
    space: Space
    trials: Trials

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
            with contextlib.closing(self.trials.epochs(config, self.base.trial_splits, interrupt)) as epochs:
                for loss, accuracy in epochs:
                    curves["accuracy"].append(accuracy)
                    curves["loss"].append(loss)
                    number = len(curves["loss"])
                    if number not in reported:  # by a worker that is gone
                        trial.report(curves[self.name][-1], number)
                    if number == config.epochs or interrupt.is_set():
                        break
                    if trial.should_prune():
                        is_pruned = True
                        break
            if len(curves["loss"]) < config.epochs and not is_pruned:
                return None
        except (ConfigError, ModelError, TrainingError) as error:
            attributes = {"reason": error.message, "seconds": time.perf_counter() - began}
            return Outcome(WORST[self.name], is_pruned=False, attributes=attributes)
        attributes = {**curves, "seconds": time.perf_counter() - began}
        return Outcome(curves[self.name][-1], is_pruned, attributes)
