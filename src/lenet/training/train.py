"""One run from start to end: the loop that trains, measures, logs and saves.

    run = train("fashion-mnist", recipe="book-sgd", epochs=2)

`Training.run_to_the_end` is the whole of it: chunks of steps, an evaluation once an epoch, and plain statements in between.
No callbacks. Whatever ends it before its end, `resume` goes on from what was saved last, to the same bits.
"""

import dataclasses
import itertools
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from lenet.config import TrainConfig, configure
from lenet.data.dataset import Labels, Splits, load
from lenet.data.plan import Plan, plan
from lenet.display import curve
from lenet.display.progress import Progress, choose_progress
from lenet.doctor.curve_checks import not_finite
from lenet.doctor.finding import Finding
from lenet.doctor.plateau import SimulationInterrupted
from lenet.engines import Stats
from lenet.engines.choice import choose_device
from lenet.engines.memory import memory_explained
from lenet.engines.state import Snapshot
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, EngineError, RunError, SaveError, TrainingError, quoted
from lenet.metrics import loss_and_accuracy
from lenet.recipes import DEFAULT_RECIPE
from lenet.runs import environment
from lenet.runs.checkpoints import Checkpoint
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.runs.recorder import Recorder
from lenet.runs.records import Environment, Resumption, Summary
from lenet.runs.run import Run
from lenet.training.assembly import Parts, assemble, load_data
from lenet.training.diagnosis import Findings
from lenet.training.interrupts import Interrupt, interrupts
from lenet.training.position import Position, Tally

SAVING_SHARE = 0.005  # of the time of a training, which the checkpoints at the ends of its epochs may take
LONGEST_WAIT = 30.0  # seconds without one all the same, where a disk is slow
CHUNKS = 10  # in an epoch: how often the chart gets a point and Ctrl-C an answer


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, SIGTERM or SIGHUP during a training: the chunk was finished and saved; `run` can be resumed."""

    def __init__(self, run: Run, exit_code: int) -> None:
        super().__init__(f"stopped; go on with lenet train --resume {quoted(run.path)}")
        self.run, self.exit_code = run, exit_code


@dataclasses.dataclass(frozen=True)
class Moment:
    """Position and state of a training before some steps, to go back to if they fail; and the lines of metrics until then."""

    at: Position
    state: Snapshot
    num_bytes: int


def train(
    data: str | Splits | None = None,
    *,
    recipe: str = DEFAULT_RECIPE,
    config: TrainConfig | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: str | Progress = "auto",
    **settings: Any,
) -> Run:
    """Trains a network and returns its run, saved in a run directory.

    data: the name of a data set ("auto", "fashion-mnist", "mnist", "digits") or your own Splits; recipe and settings:
    see `lenet.RECIPES` and the fields of `lenet.TrainConfig`, or give a whole `config`; out: the run directory, by
    default `runs/DATE-TIME-DATA-MODEL`; progress: "auto" (one chart in a notebook, a table on a terminal, else a line per
    epoch, on stderr) or "quiet".

        run = lenet.train("fashion-mnist", recipe="book-sgd", epochs=2, seed=7)
        print(run.test_accuracy)

    Ctrl-C (also SIGTERM, SIGHUP) finishes the chunk of steps, saves a checkpoint and raises Interrupted. Raises LenetError
    for what a user can mend: ConfigError, DataError, ModelError, EngineError, RunError, SaveError (nothing can be written),
    TrainingError (the loss is no longer a number).
    """
    began = time.perf_counter()
    name = data.name if isinstance(data, Splits) else data
    if config is None:
        config = configure(recipe, data=name, **settings)
    elif settings or recipe != DEFAULT_RECIPE or isinstance(data, str):
        raise ConfigError("train was given a config and settings", hint="put the settings into the config")
    elif name is not None:
        config = dataclasses.replace(config, data=name)
    show = choose_progress(progress)
    splits = data if isinstance(data, Splits) else load(config.data, config.data_dir, progress=show.download)
    choose_device(config.device)  # imports PyTorch where it is needed, which names the GPU
    with interrupts() as interrupted:
        where = environment.describe(splits.fingerprint, num_threads(config.threads))
        return run_once(config, splits, out, show, interrupted, where, began)


def run_once(
    config: TrainConfig,
    splits: Splits,
    out: str | os.PathLike[str] | None,
    show: Progress,
    interrupted: Interrupt,
    where: Environment,
    began: float,
    *,
    chart: bool = True,
) -> Run:
    """One training, whole. `where`: the content of environment.json; `began`: when the clock of its summary started."""
    with memory_explained(choose_device(config.device).name):
        parts = assemble(config, splits)
        recorder = Recorder.create(out, config, parts.resolved, where)
        with recorder.lock():
            return Training(recorder, parts, show, Position(), interrupted, began, chart).run_to_the_end([])


def resume(
    run: str | os.PathLike[str] | Run,
    *,
    data: Splits | None = None,
    data_dir: str | None = None,
    epochs: int | None = None,
    progress: str | Progress = "auto",
) -> Run:
    """Goes on with an interrupted run from its newest checkpoint, to the end it would have had without, bit for bit.

    data: the Splits it was trained on, where it was trained on your own; data_dir: where the data is now, if it moved;
    epochs: how many the run is to have, with which a finished one goes on too; progress: as in `train`.
    What may make a difference, another version of PyTorch, say, is told before the first step; docs/run-directory.md has the
    list. Raises RunError if the run is finished, if another process trains it, or if the data is not what it was trained on.
    """
    began = time.perf_counter()
    run = Run.load(run, finished=False)
    if not run.missing and (epochs is None or epochs == run.config.epochs):
        raise RunError(
            f"the run {run.path} is finished, after {run.config.epochs} epochs",
            hint=f"--epochs {2 * run.config.epochs} goes on with it; lenet evaluate {quoted(run.path)} measures it",
        )
    show = choose_progress(progress)
    splits = data or load_data(run, data_dir, show)
    with interrupts() as interrupted:
        return resume_once(run, splits, show, interrupted, began, epochs=epochs)


def resume_once(
    run: Run,
    splits: Splits,
    show: Progress,
    interrupted: Interrupt,
    began: float,
    *,
    epochs: int | None = None,
    chart: bool = True,
) -> Run:
    """The rest of one interrupted training, from its newest checkpoint; see `run_once`."""
    if splits.fingerprint != run.environment.data_fingerprint:
        raise RunError(
            f"{splits.name} ({splits.source}) is not the data that {run.path} was trained on",
            hint="give the same data again with --data-dir",
        )
    # On what it was trained on so far, whatever `auto` would choose now: another device or number of threads adds up in
    # another order.
    engine, device, threads = run.resolved.engine, run.resolved.device, run.environment.threads
    recorder = Recorder.open(run)
    with recorder.lock(), memory_explained(device):
        checkpoint, faults = recorder.find_checkpoint()
        if checkpoint is None and not run.missing:
            raise RunError(
                f"the run {run.path} is finished and has no whole checkpoint to go on from",
                hint="start a new training with lenet train; this run stays as it is",
            )
        at = _position(run, checkpoint)
        now = environment.describe(splits.fingerprint, threads)
        changes = environment.differences(run.environment, now, engine)
        notices = [f"{fault.message}; it is passed over" for fault in faults]
        if checkpoint is None:
            notices.append(
                f"{run.path} has no {'whole ' if faults else ''}checkpoint; starting from the first step again"
            )
        longer = dataclasses.replace(run.config, epochs=run.config.epochs if epochs is None else epochs)
        begun = at.epoch + (at.step > 0)
        if longer.epochs < begun:
            raise ConfigError(f"epochs is {longer.epochs}, but {run.path} has begun {begun}", hint="give more --epochs")
        parts = assemble(
            dataclasses.replace(longer, engine=engine, device=device, threads=threads), splits, reason="as before"
        )
        if checkpoint:
            _load_state(run, parts, checkpoint)
            parts.engine.micro_batch = at.micro_batch
            parts.header.append(("resumed", f"after step {checkpoint.step:,}, epoch {at.epoch + 1}"))
        lost = recorder.go_back_to(checkpoint)
        notices += [lost] if lost else []
        if longer != run.config:
            if longer.schedule != "constant" and at != Position():
                notices.append(
                    f"so far the learning rates were those of {longer.schedule} over {run.config.epochs} epochs; from here "
                    f"on they are those over {longer.epochs}"
                )
            recorder.extend(longer.epochs)  # after its summary is gone: a run never claims an end it has not come to
        if changes:
            notices.append(
                f"not all is as it was when {run.path} was begun: {', '.join(changes)}. The rest may differ in the last bits "
                "from what it would have been"
            )
        recorder.note_resumption(
            Resumption(
                step=checkpoint.step if checkpoint else 0,
                epochs=longer.epochs,
                changes=tuple(changes),
                environment=now,
            )
        )
        return Training(recorder, parts, show, at, interrupted, began, chart).run_to_the_end(notices)


def _position(run: Run, checkpoint: Checkpoint | None) -> Position:
    try:
        return Position.from_dict(checkpoint.progress) if checkpoint else Position()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _foreign(run, error) from error


def _load_state(run: Run, parts: Parts, checkpoint: Checkpoint) -> None:
    try:
        parts.engine.load_state_dict(checkpoint.tensors)
    except (KeyError, ValueError) as error:
        raise _foreign(run, error) from error


def _foreign(run: Run, error: Exception) -> RunError:
    what = str(error).splitlines()[0]
    return RunError(
        f"the checkpoint of {run.path} is not of this training: {what}", hint="start again with lenet train"
    )


class Training:
    """One training under way: the run, its parts, and where it stands."""

    def __init__(
        self,
        recorder: Recorder,
        parts: Parts,
        show: Progress,
        at: Position,
        interrupted: Interrupt,
        began: float,
        chart: bool,
    ) -> None:
        self.recorder, self.parts, self.show, self.at = recorder, parts, show, at
        self.interrupted, self.chart = interrupted, chart
        self.config, self.engine = recorder.config, parts.engine
        self.num_steps = math.ceil(len(parts.train) / self.config.batch_size)  # in an epoch
        self.is_new = at == Position()  # and not resumed from a checkpoint before the first step
        self.began = began - at.seconds
        self.saved_at, self.saving = time.perf_counter(), 0.0  # the last checkpoint, and the seconds of the fastest
        self.findings = Findings(recorder, show, parts.engine, parts.train, parts.test, interrupted)
        self.saved = parts.engine.snapshot()
        # Three, in turn: there are two moments to go back to while the next is taken.
        self.snapshots = itertools.cycle([parts.engine.snapshot() for _ in range(3)])
        self.begun = self.moment = self.earlier = self._now()

    @property
    def step(self) -> int:
        """Steps taken so far, in all epochs."""
        return self.at.epoch * self.num_steps + self.at.step

    def run_to_the_end(self, notices: list[str]) -> Run:
        """Trains all epochs that are left; notices: what must be told before the first step."""
        try:
            with self.show, memory_explained(self.parts.resolved.device, doing="in the training"):
                self._go_on(notices)
        except EngineError as error:
            raise self._kept(error) from error
        except SaveError as error:
            error.training = self
            raise
        return self.recorder.run

    def _go_on(self, notices: list[str]) -> None:
        self.show.start(self.parts.header, self.parts.resolved.notice, self.config.epochs)
        for notice in notices:
            self.show.notice(notice)
        if not self.at.is_judged:
            self._judge(self._evaluate()[1])
        while self.at.epoch < self.config.epochs:
            self._epoch(plan(self.config, self.at.epoch, len(self.parts.train)))
        summary = self._finish()
        self.show.finish(self.recorder.run, summary)

    def _epoch(self, epoch_plan: Plan) -> None:
        """What is left of an epoch: its chunks, each perhaps in several parts, the evaluation, perhaps a checkpoint."""
        at, chunk = self.at, math.ceil(self.num_steps / CHUNKS)
        if self.step == 0 and self.is_new:
            self._heed(self.findings.before(self.parts.train.labels[epoch_plan.order]))
        while at.step < self.num_steps:
            end = min((at.step // chunk + 1) * chunk, self.num_steps)
            self._steps(epoch_plan, self._until(end))
            if at.step == end:
                point = self._chunk_point(float(epoch_plan.learning_rates[end - 1]))
                at.chunk = Tally()
                self.recorder.log(point)
                self.show.chunk(point)
                self._heed(self.findings.after_chunk(point))
            if at.step < self.num_steps:
                if self.interrupted.is_set():
                    self._stop()
                if self._is_due():
                    self._checkpoint()
        numbers, predicted = self._evaluate()
        self._must_measure_finite(numbers)
        epoch = EpochPoint(step=self.step, epoch=at.epoch + 1, **at.tally.metrics(), **numbers)
        self.recorder.log(epoch)
        self.show.epoch(epoch)
        at.epoch, at.step, at.tally, at.evaluated, at.is_judged = at.epoch + 1, 0, Tally(), epoch, False
        self.moment = self._now()
        if self._is_worth_saving():  # before the doctor, who may take longer than the epoch
            self._checkpoint()
        self._judge(predicted)

    def _judge(self, predicted: Labels) -> None:
        """Asks the doctor about the epoch that was evaluated last; predicted: the classes given to the test pictures."""
        try:
            found = self.findings.after_epoch(self.at.last_epoch, predicted)
        except SimulationInterrupted:
            self._stop()
        self.at.is_judged = True
        self._heed(found)
        if self.interrupted.is_set() and self.at.epoch < self.config.epochs:
            self._stop()

    def _steps(self, epoch_plan: Plan, stop: int) -> None:
        """Takes the steps up to `stop`, which is in this chunk."""
        at, now = self.at, self._now()
        self.earlier = self.moment if at.step else now  # an epoch begins with weights that were measured
        self.moment = now
        stats = self.engine.train_steps(epoch_plan, at.step, stop)
        if self.engine.micro_batch != at.micro_batch:
            at.micro_batch = self.engine.micro_batch
            self.show.notice(
                f"out of memory on {self.parts.resolved.device} in epoch {at.epoch + 1}: from here on a batch is computed "
                f"{at.micro_batch} pictures at a time, the same sums in another order"
            )
        self._must_be_finite(stats)
        at.tally.add(stats)
        at.chunk.add(stats)
        at.steps_seconds += stats.seconds
        at.step = stop

    def _until(self, end: int) -> int:
        """The step up to which to go in one call: the end of the chunk, or where a checkpoint is due before."""
        steps, seconds = self.config.checkpoint_interval
        left = steps - self.step % steps if steps < math.inf else math.inf
        if seconds < math.inf:
            taken = self.at.steps_seconds / self.step if self.step else math.inf  # seconds for a step
            left = max(1, (self.saved_at + seconds - time.perf_counter()) // taken)
        return int(min(end, self.at.step + left))

    def _is_worth_saving(self) -> bool:
        """Whether to save at the end of an epoch: always the last, and those that were asked for; else if it is cheap."""
        at_the_end, asked_for = self.at.epoch == self.config.epochs, self.config.checkpoint_every is not None
        wait = min(self.saving / SAVING_SHARE, LONGEST_WAIT)
        return at_the_end or asked_for or time.perf_counter() - self.saved_at >= wait

    def _is_due(self) -> bool:
        steps, seconds = self.config.checkpoint_interval
        return self.step % steps == 0 or time.perf_counter() - self.saved_at >= seconds

    def _now(self) -> Moment:
        self.at.seconds = time.perf_counter() - self.began
        state = next(self.snapshots)
        state.take()
        return Moment(self.at.copy(), state, len(self.recorder.lines))

    def _chunk_point(self, rate: float) -> ChunkPoint:
        epoch = self.at.epoch + self.at.step / self.num_steps
        return ChunkPoint(step=self.step, epoch=epoch, **self.at.chunk.metrics(), learning_rate=rate)

    def _evaluate(self) -> tuple[dict[str, float], Labels]:
        """Losses and accuracies of the held-out sets, and the classes given to the test pictures, `(num_images,)`."""
        numbers: dict[str, float] = {}
        for name, dataset in (("validation", self.parts.validation), ("test", self.parts.test)):
            if dataset is not None:
                logits = self.engine.logits(dataset.images)
                loss, accuracy = loss_and_accuracy(logits, dataset.labels)
                numbers |= {f"{name}_loss": loss, f"{name}_accuracy": accuracy}
        predicted: Labels = logits.argmax(axis=1)
        return numbers, predicted

    def _checkpoint(self) -> None:
        began = time.perf_counter()
        self.at.seconds = began - self.began
        self.saved.take()
        self.recorder.checkpoint(self.step, self.saved.state_dict(), self.at.to_dict())
        self.saved_at = time.perf_counter()
        cost = self.saved_at - began
        self.saving = min(cost, self.saving or cost)

    def _stop(self) -> NoReturn:
        """Saves what there is and raises Interrupted. No chart: on a busy machine it would take seconds to draw."""
        self._checkpoint()
        run = self.recorder.run
        self.show.interrupted(run)
        raise Interrupted(run, self.interrupted.exit_code)

    def save_to(self, folder: str | os.PathLike[str]) -> Run:
        """Saves the last moment at which all was in order as a new run in another folder, and returns that run."""
        good = self.moment
        step = good.at.epoch * self.num_steps + good.at.step
        path = Path(folder) / self.recorder.path.name
        return self.recorder.copy_to(path, good.num_bytes, step, good.state.state_dict(), good.at.to_dict())

    def _go_back(self, moment: Moment) -> None:
        """Saves a moment before as the newest checkpoint, without asking the engine, whose device may be lost."""
        self.at = moment.at.copy()
        self.recorder.checkpoint(self.step, moment.state.state_dict(), self.at.to_dict(), moment.num_bytes)

    def _kept(self, error: EngineError) -> EngineError:
        """An error of the engine, after the last moment at which all was in order was saved."""
        try:
            self._go_back(self.moment)
        except SaveError as second:
            both = SaveError(f"{error.message}; and {second.message}", hint=second.hint)
            both.training = self
            raise both from error
        resume = f"lenet train --resume {quoted(self.recorder.path)}"
        hint = (error.hint or "").replace("lenet train --resume RUN", resume)
        if resume not in hint:
            hint = f"{hint}; {resume} goes on from step {self.step:,}" if hint else f"{resume} goes on"
        return EngineError(error.message, hint=hint)

    def _finish(self) -> Summary:
        """Saves weights, chart and, last, the summary."""
        weights_sha256 = self.recorder.save_weights(self.engine.network)
        if self.chart:
            curve.save(self.recorder)
        last, resolved = self.at.last_epoch, self.parts.resolved
        num_images = self.config.epochs * len(self.parts.train)
        seconds = time.perf_counter() - self.began
        summary = Summary(
            train_loss=last.train_loss,
            train_accuracy=last.train_accuracy,
            validation_loss=last.validation_loss,
            validation_accuracy=last.validation_accuracy,
            test_loss=last.test_loss,
            test_accuracy=last.test_accuracy,
            images_per_second=num_images / self.at.steps_seconds,
            images_per_second_end_to_end=num_images / seconds,
            seconds=seconds,
            steps_seconds=self.at.steps_seconds,
            epochs=self.config.epochs,
            parameters=resolved.model.parameters,
            model=resolved.model.name,
            recipe=self.config.recipe,
            seed=self.config.seed,
            engine=resolved.engine,
            device=resolved.device,
            data=resolved.data,
            micro_batch=self.at.micro_batch,
            weights_sha256=weights_sha256,
            run=str(self.recorder.path),
        )
        self.recorder.finish(summary)
        return summary

    def _heed(self, found: list[Finding]) -> None:
        """Ends a strict training at its first finding: saves what there is and raises TrainingError."""
        if found and self.config.strict:
            self._checkpoint()
            raise TrainingError(
                f"{found[0].message} (--strict; all is saved in {self.recorder.path})", hint=found[0].remedy
            )

    def _must_be_finite(self, stats: Stats) -> None:
        """Ends a training whose loss is no number any more."""
        for offset, loss in enumerate(stats.losses):
            if not math.isfinite(loss):
                step = self.step + offset + 1
                what = f"the loss became {loss} at step {step}, in epoch {self.at.epoch + 1}"
                good = self.moment if offset else self.earlier  # the loss of a step is that of the weights before it
                self._diverged(what, loss, step, good)

    def _must_measure_finite(self, numbers: Mapping[str, float]) -> None:
        """The loss of a step is taken before its update: only the evaluation sees what the last one did."""
        for name in ("validation", "test"):
            loss = numbers.get(f"{name}_loss", 0.0)
            if not math.isfinite(loss):
                what = f"the loss on the {name} set is {loss} after epoch {self.at.epoch + 1}"
                self._diverged(what, loss, self.step, self.moment)

    def _last_good(self, good: Moment) -> int:
        """Sees to it that the newest checkpoint is good, and returns its step; 0 is the beginning, which needs none.

        A run may have been resumed with weights whose loss nobody had seen: good are those of the checkpoint before.
        """
        if good is self.begun and good.at.step:
            return self.recorder.forget_checkpoints(self.step)
        self._go_back(good)
        return self.step

    def _diverged(self, what: str, loss: float, step: int, good: Moment) -> NoReturn:
        """Saves the weights of the last moment that was good, and raises TrainingError."""
        finding = not_finite(what, loss, self.config.learning_rate)
        self.findings.tell([finding], step / self.num_steps, step)
        where = (
            f"the last good weights, after step {self._last_good(good)}, are in {self.recorder.path / 'checkpoints'}"
        )
        raise TrainingError(f"{what}; {where}", hint=finding.remedy)
