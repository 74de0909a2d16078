"""Resuming a training, from its newest whole checkpoint.

run = resume("runs/first")
"""

import dataclasses
import os
import time

from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.display.choice import choose_display
from lenet.display.protocol import Display
from lenet.engines import Engine
from lenet.engines.memory import memory_explained
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, RunError, quoted
from lenet.runs import environment
from lenet.runs.checkpoints import Checkpoint
from lenet.runs.data import load_data
from lenet.runs.recorder import Recorder
from lenet.runs.records import Resumption
from lenet.runs.run import Run
from lenet.training.best import KEEP_BEST
from lenet.training.interrupts import interrupts
from lenet.training.job import Job, Session
from lenet.training.loop import Loop
from lenet.training.position import Position
from lenet.training.setup import header, set_up
from lenet.training.teacher import check_teacher


def resume(
    run: str | os.PathLike[str] | Run,
    *,
    data: Splits | None = None,
    data_dir: str | None = None,
    epochs: int | None = None,
    teacher: str | os.PathLike[str] | Run | None = None,
    progress: str | Display = "auto",
) -> Run:
    """Resume an interrupted run from its newest checkpoint; it ends as it would have without, bit for bit.

    What may make a difference, such as another version of NumPy, is shown before the first step and recorded;
    docs/run-directory.md has the list.

    Args:
        run: the run or its directory.
        data: the Splits it was trained on, if they were your own.
        data_dir: where the data is now, if it moved.
        epochs: how many the run is to have; with more, a finished run is continued.
        teacher: where its teacher is now, if it moved.
        progress: as in `train`.

    Returns:
        The finished run.

    Raises:
        RunError: if the run is finished, if another process trains it, or if data or teacher are not what it was trained on.
        LenetError: as `train` raises it.
    """
    began = time.perf_counter()
    run = Run.load(run, finished=False)
    if not run.missing and (epochs is None or epochs == run.config.epochs):
        raise RunError(
            f"the run {run.path} is finished, after {run.summary.epochs} epochs",
            hint=f"--epochs {2 * run.config.epochs} continues it; lenet evaluate {quoted(run.path)} measures it",
        )
    display = choose_display(progress)
    splits = data or load_data(run, data_dir, display.download)
    with interrupts() as interrupt:
        return resume_once(run, splits, Session(display, interrupt, began), epochs, teacher)


def resume_once(
    run: Run,
    splits: Splits,
    session: Session,
    epochs: int | None = None,
    teacher: str | os.PathLike[str] | None = None,
) -> Run:
    """Resume one run; see `resume`."""
    if splits.fingerprint != run.environment.data_fingerprint:
        raise RunError(
            f"{splits.name} ({splits.source}) is not the data that {run.path} was trained on",
            hint="give the same data again with --data-dir",
        )
    recorder = Recorder.open(run)
    with recorder.lock(), memory_explained(run.resolved.device):
        checkpoint, faults = recorder.find_checkpoint()
        if checkpoint is None and not run.missing:
            raise RunError(
                f"the run {run.path} is finished and has no whole checkpoint to continue from",
                hint="start a new training with lenet train; this run stays as it is",
            )
        notices = [f"{fault.message}; it is skipped" for fault in faults]
        if checkpoint is None:
            notices.append(f"{run.path} has no {'whole ' if faults else ''}checkpoint; starting from the first step")
        position = _position(run, checkpoint)
        config = _extended(run, position, epochs)
        # With what has computed so far, whatever `auto` would choose now: another device adds up in another order, and so do
        # other numbers of PyTorch's threads.
        engine, device = run.resolved.engine, run.resolved.device
        decided = dataclasses.replace(config, engine=engine, device=device, teacher=_teacher(run, teacher))
        if engine != "cpu":
            decided = dataclasses.replace(decided, threads=run.environment.threads)
        setup = set_up(decided, splits, reason="as before", make=session.make_engine)
        taught = check_teacher(run.resolved.teacher, setup.resolved.teacher, str(run.path))
        if checkpoint:
            _load(run, setup.engine, checkpoint, position)
        notices += _go_back(recorder, checkpoint, config, position)
        here = environment.describe(splits.fingerprint, num_threads(decided.threads), setup.precision)
        changes = environment.differences(run.environment, here, engine) + taught
        if changes:
            notices.append(
                f"since {run.path} was begun, these have changed: {', '.join(changes)}. The rest may differ in the last bits "
                "from what it would have been"
            )
        step = checkpoint.step if checkpoint else 0
        recorder.note_resumption(Resumption(step=step, epochs=config.epochs, changes=tuple(changes), environment=here))
        lines = header(decided, setup.resolved)
        if checkpoint:
            lines.append(("resumed", f"after step {step:,}, epoch {position.epoch + 1}"))
        return Loop(Job(recorder, setup, session), position).run(lines, notices)


def _position(run: Run, checkpoint: Checkpoint | None) -> Position:
    try:
        return Position.from_dict(checkpoint.progress, checkpoint.tensors) if checkpoint else Position()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _other_training(run, error) from error


def _teacher(run: Run, moved: str | os.PathLike[str] | None) -> str | None:
    """The path of the run's teacher, which may have moved. Raises ConfigError for one where the run had none."""
    before = run.resolved.teacher.path if run.resolved.teacher else None
    if moved is None:
        return before
    if before is None:
        raise ConfigError(
            f"{run.path} was begun without a teacher", hint="leave --teacher out, or start a new training"
        )
    return os.fspath(moved)


def _extended(run: Run, position: Position, epochs: int | None) -> TrainConfig:
    """The run's config with another number of epochs. Raises ConfigError if more have begun."""
    config = run.config if epochs is None else dataclasses.replace(run.config, epochs=epochs)
    begun = position.epoch + (position.step > 0)
    if config.epochs < begun:
        raise ConfigError(f"epochs is {config.epochs}, but {run.path} has begun {begun}", hint="give more --epochs")
    return config


def _load(run: Run, engine: Engine, checkpoint: Checkpoint, position: Position) -> None:
    try:
        engine.load_state_dict(checkpoint.tensors)
    except (KeyError, ValueError) as error:
        raise _other_training(run, error) from error
    engine.micro_batch = position.micro_batch
    shapes = {name: array.shape for name, array in engine.network.tensors.items()}
    best = {name: array.shape for name, array in position.best_weights.items()}
    if best != (shapes if run.config.keep == KEEP_BEST and position.best else {}):
        raise _other_training(run, ValueError("its best weights are not those of this network"))


def _go_back(recorder: Recorder, checkpoint: Checkpoint | None, config: TrainConfig, position: Position) -> list[str]:
    """Makes the run what it was at the checkpoint, with the config's number of epochs; returns notices."""
    fault = recorder.go_back_to(checkpoint)
    notices = [fault] if fault else []
    before = recorder.config.epochs
    if config.epochs != before:
        if config.rates_depend_on_epochs and position != Position():
            notices.append(
                f"so far the learning rates were those of {config.schedule} over {before} epochs; from here on they are "
                f"those over {config.epochs}"
            )
        recorder.extend(config.epochs)  # after its summary is gone: a run never claims an end that it has not reached
    return notices


def _other_training(run: Run, error: Exception) -> RunError:
    what = str(error).splitlines()[0]
    return RunError(
        f"the checkpoint of {run.path} belongs to another training: {what}", hint="start again with lenet train"
    )
