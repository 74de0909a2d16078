"""The best epoch by the images held out for validation: whose weights are kept, and after which a training may end early."""

from lenet.config import TrainConfig
from lenet.engines import Engine
from lenet.runs.points import EpochPoint
from lenet.training.position import Position

KEEP_BEST = "best"  # of --keep


def is_better(point: EpochPoint, best: EpochPoint | None) -> bool:
    """Return whether an epoch has a higher accuracy on the validation images than the best, or the same and a lower loss."""
    return best is None or _rank(point) > _rank(best)


def note_best(position: Position, config: TrainConfig, engine: Engine) -> None:
    """Make the last epoch the best one if it is, and copy its weights if those of the best are to be kept.

    Args:
        position: at the end of an epoch that was evaluated.
        config: of the training.
        engine: with the weights that were evaluated.
    """
    point = position.last_epoch
    if point.validation_accuracy is None or not (config.keep == KEEP_BEST or config.patience):
        return
    if is_better(point, position.best):
        position.best = point
        if config.keep == KEEP_BEST:
            position.best_weights = engine.evaluated.copy().tensors


def has_no_patience_left(position: Position, config: TrainConfig) -> bool:
    """Return whether as many epochs as `patience` says have passed since the best one."""
    return bool(config.patience and position.best and position.epoch - position.best.epoch >= config.patience)


def _rank(point: EpochPoint) -> tuple[float, float]:
    return point.validation_accuracy or 0.0, -(point.validation_loss or 0.0)
