"""The training loop: chunks of steps, an evaluation after each epoch, checkpoints; no callbacks.

    run = Loop(Job(recorder, setup, session), Position()).run()

Whatever ends it early, resume.py continues from what was saved last, to the same bits.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NoReturn

from lenet.data.dataset import Labels
from lenet.data.plan import PART, Plan, plan
from lenet.display import curve
from lenet.doctor.curve_checks import not_finite
from lenet.doctor.finding import Finding
from lenet.doctor.plateau import SimulationInterrupted
from lenet.engines import Stats
from lenet.engines.memory import memory_explained
from lenet.errors import EngineError, SaveError, TrainingError, quoted
from lenet.metrics import measured_in_parts
from lenet.networks import Network
from lenet.runs import stop_request
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.runs.records import Summary
from lenet.runs.run import Run
from lenet.training.best import has_no_patience_left, note_best
from lenet.training.calibration import calibrated_at_end
from lenet.training.checkpointing import snapshot_steps
from lenet.training.diagnosis import Findings
from lenet.training.interrupts import Interrupted
from lenet.training.job import Job
from lenet.training.position import Position, Tally
from lenet.training.saver import Saver
from lenet.training.summary import summarize

CHUNKS = 10  # in an epoch: how often the chart gets a point, and Ctrl-C is answered


class Loop:
    """A training under way.

    Args:
        job: the training.
        position: where it stands; a new training is at Position().
    """

    def __init__(self, job: Job, position: Position) -> None:
        self.job, self.position = job, position
        self.setup, self.recorder, self.display = job.setup, job.recorder, job.session.display
        self.config, self.engine = job.recorder.config, job.setup.engine
        self.num_steps = math.ceil(len(self.setup.train) / self.config.batch_size)  # in an epoch
        self.most_steps = max(1, PART // self.config.batch_size)  # at a time: their numbers are widened, or drawn
        self.is_new = position == Position()  # and not resumed from a checkpoint before the first step
        self.snapshot_steps = snapshot_steps(self.num_steps * self.config.epochs, self.config.snapshots)
        self.findings = Findings(job)
        self.saver = Saver(job, position)
        self.saver.keep(self.step, position)

    @property
    def step(self) -> int:
        """Steps taken so far, in all epochs."""
        return self.position.epoch * self.num_steps + self.position.step

    @property
    def is_over(self) -> bool:
        """Whether no epoch is left, or no patience."""
        return self.position.epoch == self.config.epochs or has_no_patience_left(self.position, self.config)

    def run(self, header: Sequence[tuple[str, str]], notices: Sequence[str] = ()) -> Run:
        """Train all epochs that are left.

        Args:
            header: titles and texts that say what is trained.
            notices: shown before the first step.

        Returns:
            The finished run.

        Raises:
            EngineError: if the engine fails; the last good state is saved.
            Interrupted: after a signal, when all is saved.
            SaveError: if a file cannot be written; `save_to` saves the last good state elsewhere.
            TrainingError: if the loss becomes NaN or infinite, or after a finding of a strict training.
        """
        try:
            with self.display, memory_explained(self.setup.resolved.device, doing="in the training"):
                self.display.start(self.recorder.run, list(header), self.setup.resolved.notice, self.config.epochs)
                for notice in notices:
                    self.display.notice(notice)
                if not self.position.is_judged:
                    self._judge(self._evaluate()[1])
                while not self.is_over:
                    self._epoch(plan(self.config, self.position.epoch, len(self.setup.train)))
                summary = self._finish()
                self.display.finish(self.recorder.run, summary)
        except EngineError as error:
            raise self.saver.save_after(error) from error
        except SaveError as error:
            error.training = self.saver
            raise
        return self.recorder.run

    def _epoch(self, epoch_plan: Plan) -> None:
        """The rest of an epoch: its chunks, each perhaps in several parts, the evaluation, perhaps a checkpoint."""
        position, chunk = self.position, math.ceil(self.num_steps / CHUNKS)
        if self.step == 0 and self.is_new:
            self._keep_snapshot()
            self._end_if_strict(self.findings.before(epoch_plan.ordered(self.setup.train.labels)))
        while position.step < self.num_steps:
            end = min((position.step // chunk + 1) * chunk, self.num_steps)
            per_step = position.steps_seconds / self.step if self.step else math.inf
            stop = min(
                end, position.step + self.most_steps, position.step + self.saver.clock.steps_left(self.step, per_step)
            )
            self._steps(epoch_plan, int(min(stop, position.step + self._until_snapshot())))
            self._keep_snapshot()
            if position.step == end:
                self._end_chunk(float(epoch_plan.learning_rates[end - 1]))
            if position.step < self.num_steps:
                if self.job.is_stopping:
                    self._stop()
                if self.saver.clock.is_due(self.step):
                    self.saver.checkpoint(self.step, self.position)
        self._end_epoch()

    def _steps(self, epoch_plan: Plan, stop: int) -> None:
        """Takes the steps up to `stop`, which is within the chunk."""
        position = self.position
        self.saver.keep(self.step, position)
        stats = self.engine.train_steps(epoch_plan, position.step, stop)
        if self.engine.micro_batch != position.micro_batch:
            position.micro_batch = self.engine.micro_batch
            self.display.notice(
                f"out of memory on {self.setup.resolved.device} in epoch {position.epoch + 1}: from here on a batch is "
                f"computed {position.micro_batch} images at a time, which adds up the same sums in another order"
            )
        self._check_losses(stats)
        position.tally.add(stats)
        position.chunk.add(stats)
        position.steps_seconds += stats.seconds
        position.step = stop

    def _until_snapshot(self) -> float:
        """Steps until the next snapshot; infinite if none is left."""
        return min((step - self.step for step in self.snapshot_steps if step > self.step), default=math.inf)

    def _keep_snapshot(self) -> None:
        """Saves the weights of this step, if it is one of those that are kept."""
        if self.step in self.snapshot_steps:
            self.recorder.folder.write_snapshot(self.step, self.engine.evaluated)

    def _end_chunk(self, learning_rate: float) -> None:
        position = self.position
        epoch = position.epoch + position.step / self.num_steps
        point = ChunkPoint(step=self.step, epoch=epoch, **position.chunk.metrics(), learning_rate=learning_rate)
        position.chunk = Tally()
        self.recorder.log(point)
        self.display.chunk(point)
        self._end_if_strict(self.findings.after_chunk(point))

    def _end_epoch(self) -> None:
        position = self.position
        metrics, predicted = self._evaluate()
        self._check_evaluation(metrics)
        point = EpochPoint(step=self.step, epoch=position.epoch + 1, **position.tally.metrics(), **metrics)
        self.recorder.log(point)
        self.display.epoch(point)
        position.epoch, position.step, position.tally = position.epoch + 1, 0, Tally()
        position.evaluated, position.is_judged = point, False
        note_best(position, self.config, self.engine)
        self.saver.keep(self.step, position)
        # Before the doctor, who may take longer than the epoch.
        if self.is_over or self.saver.clock.is_worthwhile():
            self.saver.checkpoint(self.step, self.position)
        self._judge(predicted)

    def _evaluate(self) -> tuple[dict[str, float], Labels]:
        """Losses and accuracies of validation and test set, and the classes predicted for the test images, (num_images,)."""
        metrics: dict[str, float] = {}
        for name, dataset in (("validation", self.setup.validation), ("test", self.setup.test)):
            if dataset is not None:
                loss, accuracy, predicted = measured_in_parts(self.engine.logits, dataset.images, dataset.labels)
                metrics |= {f"{name}_loss": loss, f"{name}_accuracy": accuracy}
        return metrics, predicted

    def _judge(self, predicted: Labels) -> None:
        """Asks the doctor about the last epoch; predicted: the classes predicted for the test images."""
        try:
            findings = self.findings.after_epoch(self.position.last_epoch, predicted, self.is_over)
        except SimulationInterrupted:
            self._stop()
        self.position.is_judged = True
        self._end_if_strict(findings)
        if self.job.is_stopping and not self.is_over:
            self._stop()

    def _end_if_strict(self, findings: list[Finding]) -> None:
        """Ends a strict training at its first finding: saves all and raises TrainingError."""
        if findings and self.config.strict:
            self.saver.checkpoint(self.step, self.position)
            message = f"{findings[0].message} (--strict; all is saved in {self.recorder.path})"
            raise TrainingError(message, hint=findings[0].remedy)

    def _stop(self) -> NoReturn:
        """Saves all and raises Interrupted. Draws no chart, which may take seconds on a busy machine."""
        self.saver.checkpoint(self.step, self.position)
        stop_request.forget(self.recorder.path)
        run = self.recorder.run
        self.display.interrupted(run)
        message = f"stopped; lenet train --resume {quoted(run.path)} resumes"
        raise Interrupted(message, self.job.session.interrupt.exit_code, saved=[run.path])

    def _finish(self) -> Summary:
        """Saves weights, chart and, last, the summary."""
        network = self.engine.evaluated
        if self.position.best_weights:
            network = Network.of(network.architecture, self.position.best_weights)
        weights_sha256 = self.recorder.save_weights(network, calibrated_at_end(self.job, network))
        if self.job.session.chart:
            curve.save(self.recorder)
        summary = summarize(self.job, self.position, self.saver.seconds(), weights_sha256)
        self.recorder.finish(summary)
        stop_request.forget(self.recorder.path)
        return summary

    def _check_losses(self, stats: Stats) -> None:
        """Ends the training if the loss of a step is NaN or infinite."""
        for step, loss in enumerate(stats.losses, start=self.step):
            if not math.isfinite(loss):
                what = f"the loss became {loss} at step {step + 1}, in epoch {self.position.epoch + 1}"
                self._diverge(what, loss, step + 1, bad=step)

    def _check_evaluation(self, metrics: Mapping[str, float]) -> None:
        """The same of the evaluation. The loss of a step is that of the weights before it: only this sees the last update."""
        for name in ("validation", "test"):
            loss = metrics.get(f"{name}_loss", 0.0)
            if not math.isfinite(loss):
                what = f"the loss on the {name} set is {loss} after epoch {self.position.epoch + 1}"
                self._diverge(what, loss, self.step, bad=self.step)

    def _diverge(self, what: str, loss: float, step: int, bad: int) -> NoReturn:
        """Saves the last good weights and raises TrainingError; bad: the steps after which the weights are not good."""
        finding = not_finite(what, loss, self.config.learning_rate)
        self.findings.report([finding], step / self.num_steps, step)
        good = self.saver.go_back(self.step, bad)
        place = f"the last good weights, after step {good}, are in {self.recorder.path / 'checkpoints'}"
        raise TrainingError(f"{what}; {place}", hint=finding.remedy)
