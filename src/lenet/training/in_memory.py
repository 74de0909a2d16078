"""A training in memory alone: the epochs, without a run directory, a test set or a display.

    for tally in epochs(engine, config, num_images, range(config.epochs)):
        print(tally.loss)

The weights have the same bits as those of `train` with the same settings and seed.
"""

import itertools
import math
from collections.abc import Iterable, Iterator

from lenet.config import TrainConfig
from lenet.data.plan import plan
from lenet.doctor.curve_checks import not_finite
from lenet.engines import Engine
from lenet.errors import TrainingError
from lenet.training.position import Tally

CHUNK = 100  # steps after which Ctrl-C is answered


def epochs(engine: Engine, config: TrainConfig, num_images: int, numbers: Iterable[int]) -> Iterator[Tally]:
    """Train some epochs, one after the other.

    Args:
        engine: what computes; it has the network and the training set.
        config: the settings of the training.
        num_images: the size of the training set.
        numbers: which epochs, counted from 0; order, augmentation and learning rates follow from them.

    Yields:
        The metrics of each epoch.

    Raises:
        EngineError: if the engine fails.
        TrainingError: if the loss becomes NaN or infinite.
    """
    for epoch in numbers:
        steps, tally = plan(config, epoch, num_images), Tally()
        for start, stop in itertools.pairwise([*range(0, steps.num_steps, CHUNK), steps.num_steps]):
            stats = engine.train_steps(steps, start, stop)
            loss = float(stats.losses[-1])  # the engine ends a chunk after a loss that is not finite
            if not math.isfinite(loss):
                what = f"the loss became {loss} at step {start + len(stats.losses)} of epoch {epoch + 1}"
                raise TrainingError(what, hint=not_finite(what, loss, config.learning_rate).remedy)
            tally.add(stats)
        yield tally
