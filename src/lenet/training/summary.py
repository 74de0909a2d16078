"""The summary of a training at its end."""

from lenet.runs.records import Summary
from lenet.training.best import KEEP_BEST, has_no_patience_left
from lenet.training.job import Job
from lenet.training.position import Position


def summarize(job: Job, position: Position, seconds: float, weights_sha256: str) -> Summary:
    """Make the summary of a training.

    Args:
        job: the training.
        position: at its end.
        seconds: duration of everything.
        weights_sha256: SHA-256 of model.safetensors.
    """
    resolved, config = job.setup.resolved, job.recorder.config
    kept = position.best if config.keep == KEEP_BEST else None
    saved = kept or position.last_epoch
    num_images = position.epoch * len(job.setup.train)
    return Summary(
        train_loss=saved.train_loss,
        train_accuracy=saved.train_accuracy,
        validation_loss=saved.validation_loss,
        validation_accuracy=saved.validation_accuracy,
        test_loss=saved.test_loss,
        test_accuracy=saved.test_accuracy,
        images_per_second=num_images / position.steps_seconds,
        images_per_second_end_to_end=num_images / seconds,
        seconds=seconds,
        steps_seconds=position.steps_seconds,
        epochs=position.epoch,
        kept_epoch=kept.epoch if kept else None,
        ended=_why(position, job) if config.patience else None,
        parameters=resolved.model.parameters,
        model=resolved.model.name,
        recipe=config.recipe,
        seed=config.seed,
        engine=resolved.engine,
        device=resolved.device,
        data=resolved.data,
        micro_batch=position.micro_batch,
        weights_sha256=weights_sha256,
        run=str(job.recorder.path),
    )


def _why(position: Position, job: Job) -> str:
    """Why the training ended."""
    config = job.recorder.config
    if position.epoch < config.epochs and has_no_patience_left(position, config):
        epochs = f"{config.patience} epoch{'s' if config.patience != 1 else ''}"
        return f"no improvement on the validation images for {epochs}"
    return f"all {config.epochs} epochs are done"
