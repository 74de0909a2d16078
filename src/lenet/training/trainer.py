"""One run from start to end: the only place that joins data, model, engine and run directory.

    run = train("fashion-mnist", recipe="book-sgd", epochs=2)

The loop at the end of this file is the whole of it: chunks of steps, an evaluation once an epoch, and plain statements
in between that log, show and save. No callbacks.
"""

import copy
import dataclasses
import math
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from lenet.config import DEFAULT_RECIPE, MODEL_FIELDS, TrainConfig, configure
from lenet.data.batches import hold_out, plan
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Labels, Splits, load
from lenet.data.locate import locate
from lenet.data.preprocess import Preprocessing
from lenet.engines import Engine, Stats
from lenet.engines.choice import Choice, choose_device, choose_engine, make_engine, memory_explained
from lenet.errors import ConfigError, DataError, RunError, TrainingError
from lenet.models import build, num_parameters
from lenet.training import checks, curve, environment
from lenet.training.checks import Finding
from lenet.training.environment import pytorch_threads
from lenet.training.findings import Findings
from lenet.training.interrupts import interrupts
from lenet.training.progress import Progress, choose_progress
from lenet.training.run import Run, quoted

CHUNKS = 10  # in an epoch: how often the chart gets a point and Ctrl-C an answer


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a training: the chunk was finished and saved; `run` can be resumed."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"stopped; go on with lenet train --resume {quoted(run.path)}")
        self.run = run


@dataclasses.dataclass
class Tally:
    """The training numbers of one epoch so far: sums, so that every picture weighs the same."""

    loss_sum: float = 0.0
    num_correct: int = 0
    num_images: int = 0
    seconds: float = 0.0

    def add(self, stats: Stats) -> None:
        self.loss_sum += stats.loss_sum
        self.num_correct += stats.num_correct
        self.num_images += stats.num_images
        self.seconds += stats.seconds

    @property
    def rates(self) -> dict[str, float]:
        return {
            "train_loss": self.loss_sum / self.num_images,
            "train_accuracy": self.num_correct / self.num_images,
            "images_per_second": self.num_images / self.seconds,
        }


@dataclasses.dataclass
class Position:
    """Where a training stands; stored with each checkpoint. `step` counts within `epoch`, both from 0."""

    epoch: int = 0
    step: int = 0
    tally: Tally = dataclasses.field(default_factory=Tally)
    steps_seconds: float = 0.0  # of all steps so far, alone
    seconds: float = 0.0  # of everything so far, loading and evaluation included

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Position":
        return cls(**(values | {"tally": Tally(**values["tally"])}))


@dataclasses.dataclass(frozen=True)
class Moment:
    """Position and state of a training before a chunk, to go back to if the chunk fails."""

    at: Position
    state: dict[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a training is joined from."""

    train: Dataset
    validation: Dataset | None
    test: Dataset
    engine: Engine
    resolved: dict[str, Any]
    header: list[tuple[str, str]]


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
    default `runs/DATE-TIME-DATA-MODEL`; progress: "auto" (one chart in a notebook, a table on a terminal, else a line
    per epoch, on stderr) or "quiet".

        run = lenet.train("fashion-mnist", recipe="book-sgd", epochs=2, seed=7)
        print(run.test_accuracy)

    Ctrl-C finishes the chunk of steps, saves a checkpoint and raises Interrupted. Raises LenetError for what a user can
    mend: ConfigError, DataError, ModelError, EngineError, RunError, TrainingError (the loss is no longer a number).
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
    with pytorch_threads(config.threads), interrupts() as interrupted:
        return run_once(config, splits, out, show, interrupted, environment.describe(splits.fingerprint), began)


def run_once(
    config: TrainConfig,
    splits: Splits,
    out: str | os.PathLike[str] | None,
    show: Progress,
    interrupted: threading.Event,
    where: dict[str, Any],
    began: float,
    *,
    chart: bool = True,
) -> Run:
    """One training, whole. `where`: the content of environment.json; `began`: when the clock of its summary started."""
    with memory_explained(choose_device(config.device).name):
        parts = _assemble(config, splits)
        run = Run.create(out, config, parts.resolved, where)
        return _train(run, parts, show, Position(), interrupted, began, chart=chart)


def resume(
    run: str | os.PathLike[str] | Run,
    *,
    data: Splits | None = None,
    data_dir: str | None = None,
    progress: str | Progress = "auto",
) -> Run:
    """Goes on with an interrupted run from its newest checkpoint, to the same end it would have reached without.

    data: the Splits it was trained on, where it was trained on your own; data_dir: where the data is now, if it moved.
    Raises RunError if the run is finished or has no checkpoint, or if the data is not what it was trained on.
    """
    began = time.perf_counter()
    run = Run.load(run, finished=False)
    if not run.missing:
        raise RunError(f"the run {run.path} is finished", hint=f"lenet evaluate {quoted(run.path)} measures it")
    run.newest_checkpoint()  # without one, an error before anything is loaded
    show = choose_progress(progress)
    splits = data or load_data(run, data_dir, show)
    with pytorch_threads(run.environment["threads"]), interrupts() as interrupted:
        return resume_once(run, splits, show, interrupted, began)


def resume_once(
    run: Run, splits: Splits, show: Progress, interrupted: threading.Event, began: float, *, chart: bool = True
) -> Run:
    """The rest of one interrupted training, from its newest checkpoint; see `run_once`."""
    checkpoint = run.newest_checkpoint()
    if splits.fingerprint != run.environment["data_fingerprint"]:
        raise RunError(
            f"{splits.name} ({splits.source}) is not the data that {run.path} was trained on",
            hint="give the same data again with --data-dir",
        )
    # On what it was trained on so far, whatever `auto` would choose now: another device or number of threads adds up in
    # another order.
    decided = {
        "engine": run.resolved["engine"],
        "device": run.resolved["device"],
        "threads": run.environment["threads"],
    }
    with memory_explained(decided["device"]):
        parts = _assemble(dataclasses.replace(run.config, **decided), splits, reason="as before")
        parts.engine.load_state_dict(checkpoint.tensors)
        run.forget_after(checkpoint.step)
        return _train(run, parts, show, Position.from_dict(checkpoint.progress), interrupted, began, chart=chart)


def measure(logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """Mean cross-entropy (summed in float64) and accuracy of logits `(N, num_classes)` for labels `(N,)`."""
    values, classes = logits.numpy().astype(np.float64), labels.numpy()  # NumPy: 4 MB less than with PyTorch
    largest = values.max(axis=1)
    own = values[np.arange(len(classes)), classes]
    with np.errstate(invalid="ignore"):  # infinite logits: the loss is not a number, which is looked for
        losses = np.log(np.exp(values - largest[:, None]).sum(axis=1)) + largest - own
    return float(losses.sum()) / len(classes), int((values.argmax(axis=1) == classes).sum()) / len(classes)


def load_data(run: Run, data_dir: str | None = None, show: Progress | None = None) -> Splits:
    """The data set of a run: from `data_dir`, LENET_DATA or the cache, else from where it was when the run was made."""
    name, folder = run.resolved["data"], run.resolved["data_folder"]
    if name not in CATALOGUE:
        raise DataError(
            f"{run.path} was trained on data of your own, {name!r}, which cannot be found by its name",
            hint=f"in Python: lenet.evaluate({str(run.path)!r}, data), lenet.resume({str(run.path)!r}, data=data)",
        )
    if folder and Path(folder).is_dir() and locate(name, data_dir) is None:
        data_dir = folder
    return load(name, data_dir, progress=show.download if show else None)


def _assemble(config: TrainConfig, splits: Splits, reason: str | None = None) -> Parts:
    """Data, model and engine for a config, and the record of what was decided; `reason` says why, if not the config."""
    if splits.train.images.ndim == 4:
        raise DataError(
            f"the pictures of {splits.name} have colours; training takes grey ones, of shape (N, height, width)",
            hint="average the colours: images.mean(axis=3).astype(numpy.uint8)",
        )
    if config.shift >= min(splits.train.size):
        height, width = splits.train.size
        raise ConfigError(
            f"shift is {config.shift}, but the pictures of {splits.name} are {height}×{width}",
            hint="take a smaller --shift",
        )
    if config.validation >= len(splits.train):
        raise ConfigError(
            f"validation is {config.validation:,}, but {splits.name} has {len(splits.train):,} training pictures",
            hint="hold out fewer with --validation N",
        )
    kept, held = hold_out(config, len(splits.train))
    train = splits.train.subset(kept) if len(held) else splits.train
    validation = splits.train.subset(held) if len(held) else None
    preprocessing = Preprocessing.of(train, normalize=config.normalize)
    arguments = {name: getattr(config, name) for name in MODEL_FIELDS if getattr(config, name) is not None}
    arguments |= {"input_size": train.size, "num_classes": len(train.classes)}
    model = build(config.model, init=config.init, seed=config.seed, **arguments)
    device = choose_device(config.device)
    choice = choose_engine(config.engine, model, train.size, device.name)
    if reason is not None:
        device, choice = Choice(device.name, reason), Choice(choice.name, reason)
    resolved = {
        "data": splits.name,
        "data_source": splits.source,
        "data_folder": str(splits.folder) if splits.folder else None,
        "notice": splits.notice,
        "classes": train.classes,
        "num_train": len(train),
        "num_validation": len(held),
        "num_test": len(splits.test),
        "model": {"name": config.model, "arguments": arguments, "parameters": num_parameters(model)},
        "preprocessing": preprocessing.to_dict(),
        "engine": choice.name,
        "engine_reason": choice.reason,
        "device": device.name,
        "device_reason": device.reason,
    }
    engine = make_engine(choice.name, model, train, config, preprocessing, device.name)
    return Parts(
        train, validation, splits.test, engine, resolved, _header(config, resolved, train.size, choice, device)
    )


def _header(
    config: TrainConfig, resolved: dict[str, Any], size: tuple[int, int], engine: Choice, device: Choice
) -> list[tuple[str, str]]:
    """The three lines that say what was decided, and why."""
    held = f"{resolved['num_validation']:,} validation, " if resolved["num_validation"] else ""
    variation = ", ".join(
        f"{name.replace('_', ' ')} {_plain(value)}"
        for name, value in resolved["model"]["arguments"].items()
        if name in MODEL_FIELDS
    )
    why = "auto: the best that is here; " if config.data == "auto" else ""
    threads = torch.get_num_threads()
    return [
        (
            "data",
            f"{resolved['data']}: {resolved['num_train']:,} train, {held}{resolved['num_test']:,} test, "
            f"{size[0]}×{size[1]}, {len(resolved['classes'])} classes ({why}{resolved['data_source']})",
        ),
        (
            "model",
            f"{resolved['model']['name']}: {resolved['model']['parameters']:,} parameters"
            f"{', ' + variation if variation else ''} (recipe {config.recipe}: {config.optimizer} "
            f"{config.learning_rate:g}, {config.schedule}, batch {config.batch_size}, seed {config.seed})",
        ),
        (
            "engine",
            f"{engine.name} ({engine.reason}) on {device.name} ({device.reason}), "
            f"{threads} thread{'s' if threads != 1 else ''}",
        ),
    ]


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _train(
    run: Run,
    parts: Parts,
    show: Progress,
    at: Position,
    interrupted: threading.Event,
    began: float,
    *,
    chart: bool = True,
) -> Run:
    """The loop: chunks of steps, an evaluation at the end of each epoch, a checkpoint, and at last the summary."""
    config, engine = run.config, parts.engine
    began -= at.seconds
    with show:
        show.start(parts.header, parts.resolved["notice"], config.epochs)
        findings = Findings(run, show, engine, parts.train, parts.test)
        while at.epoch < config.epochs:
            epoch_plan = plan(config, at.epoch, len(parts.train))
            num_steps = epoch_plan.num_steps
            if at == Position():
                _heed(findings.before(parts.train.labels[epoch_plan.order]), run, engine, at, num_steps, began)
            chunk = math.ceil(num_steps / CHUNKS)
            moment = Moment(copy.deepcopy(at), engine.state_dict())
            while at.step < num_steps:
                stop = min(at.step + chunk, num_steps)
                earlier, moment = moment, Moment(copy.deepcopy(at), engine.state_dict())
                stats = engine.train_steps(epoch_plan, at.step, stop)
                _must_be_finite(stats, at, num_steps, findings, earlier, moment, began)
                at.tally.add(stats)
                at.steps_seconds += stats.seconds
                at.step = stop
                point = _chunk_point(at, stats, num_steps, float(epoch_plan.learning_rates[stop - 1]))
                findings.log(point)
                show.chunk(point)
                _heed(findings.after_chunk(point), run, engine, at, num_steps, began)
                if interrupted.is_set() and stop < num_steps:
                    _stop(run, engine, at, num_steps, began, show, chart)
            point, predicted = _epoch_point(at, parts, num_steps)
            _must_measure_finite(point, num_steps, findings, moment, began)
            findings.log(point)
            show.epoch(point)
            at.epoch, at.step, at.tally = at.epoch + 1, 0, Tally()
            _heed(findings.after_epoch(point, predicted), run, engine, at, num_steps, began)
            if interrupted.is_set() and at.epoch < config.epochs:
                _stop(run, engine, at, num_steps, began, show, chart)
            _checkpoint(run, engine, at, num_steps, began)
        summary = _finish(run, parts, at, began, chart)
        show.finish(run, summary)
    return run


def _chunk_point(at: Position, stats: Stats, num_steps: int, rate: float) -> dict[str, Any]:
    return {
        "kind": "chunk",
        "step": at.epoch * num_steps + at.step,
        "epoch": at.epoch + at.step / num_steps,
        "train_loss": stats.loss_sum / stats.num_images,
        "train_accuracy": stats.num_correct / stats.num_images,
        "learning_rate": rate,
        "images_per_second": stats.num_images / stats.seconds,
    }


def _epoch_point(at: Position, parts: Parts, num_steps: int) -> tuple[dict[str, Any], Labels]:
    """Evaluates, and joins the result to the epoch's own training numbers; and the classes given to the test pictures."""
    point = {"kind": "epoch", "step": (at.epoch + 1) * num_steps, "epoch": at.epoch + 1, **at.tally.rates}
    for name, dataset in (("validation", parts.validation), ("test", parts.test)):
        if dataset is not None:
            logits = parts.engine.logits(dataset.images)
            loss, accuracy = measure(logits, torch.from_numpy(dataset.labels))
            point |= {f"{name}_loss": loss, f"{name}_accuracy": accuracy}
    predicted: Labels = logits.numpy().argmax(axis=1)
    return point, predicted


def _checkpoint(run: Run, engine: Engine, at: Position, num_steps: int, began: float) -> None:
    at.seconds = time.perf_counter() - began
    run.checkpoint(at.epoch * num_steps + at.step, engine.state_dict(), at.to_dict())


def _stop(run: Run, engine: Engine, at: Position, num_steps: int, began: float, show: Progress, chart: bool) -> None:
    """Saves what there is and raises Interrupted."""
    _checkpoint(run, engine, at, num_steps, began)
    if chart:
        curve.save(run, run.config.epochs)
    show.interrupted(run)
    raise Interrupted(run)


def _finish(run: Run, parts: Parts, at: Position, began: float, chart: bool) -> dict[str, Any]:
    """Saves weights, chart and, last, the summary."""
    run.save_model(parts.engine.model)
    if chart:
        curve.save(run, run.config.epochs)
    last = run.epochs[-1]
    num_images = run.config.epochs * len(parts.train)
    seconds = time.perf_counter() - began
    numbers = {key: value for key, value in last.items() if key.endswith(("_accuracy", "_loss"))}
    summary = numbers | {
        "images_per_second": num_images / at.steps_seconds,
        "images_per_second_end_to_end": num_images / seconds,
        "seconds": seconds,
        "steps_seconds": at.steps_seconds,
        "epochs": run.config.epochs,
        "parameters": parts.resolved["model"]["parameters"],
        "model": parts.resolved["model"]["name"],
        "recipe": run.config.recipe,
        "seed": run.config.seed,
        "engine": parts.resolved["engine"],
        "device": parts.resolved["device"],
        "data": parts.resolved["data"],
        "run": str(run.path),
    }
    run.finish(summary)
    return summary


def _heed(found: list[Finding], run: Run, engine: Engine, at: Position, num_steps: int, began: float) -> None:
    """Ends a strict training at its first finding: saves what there is and raises TrainingError."""
    if found and run.config.strict:
        _checkpoint(run, engine, at, num_steps, began)
        raise TrainingError(f"{found[0].message} (--strict; all is saved in {run.path})", hint=found[0].remedy)


def _must_be_finite(
    stats: Stats, at: Position, num_steps: int, findings: Findings, earlier: Moment, moment: Moment, began: float
) -> None:
    """Ends a training whose loss is no number any more; moment: before this chunk, earlier: before the chunk before."""
    for offset, loss in enumerate(stats.losses):
        if not math.isfinite(loss):
            step = at.epoch * num_steps + at.step + offset + 1
            what = f"the loss became {loss} at step {step}, in epoch {at.epoch + 1}"
            good = moment if offset else earlier  # the loss of a step is that of the weights before it
            _diverged(what, loss, {"epoch": step / num_steps, "step": step}, num_steps, findings, good, began)


def _must_measure_finite(
    point: Mapping[str, Any], num_steps: int, findings: Findings, good: Moment, began: float
) -> None:
    """The loss of a step is taken before its update: only the evaluation sees what the last one did."""
    for name in ("validation", "test"):
        loss = point.get(f"{name}_loss", 0.0)
        if not math.isfinite(loss):
            what = f"the loss on the {name} set is {loss} after epoch {point['epoch']}"
            _diverged(what, loss, point, num_steps, findings, good, began)


def _diverged(
    what: str,
    loss: float,
    point: Mapping[str, Any],
    num_steps: int,
    findings: Findings,
    good: Moment,
    began: float,
) -> NoReturn:
    """Saves the weights of the last moment that was good, and raises TrainingError."""
    run, engine, at = findings.run, findings.engine, good.at
    finding = checks.not_finite(what, loss, run.config.learning_rate)
    findings.tell([finding], point)
    engine.load_state_dict(good.state)
    _checkpoint(run, engine, at, num_steps, began)
    where = f"the last good weights, after step {at.epoch * num_steps + at.step}, are in {run.path / 'checkpoints'}"
    raise TrainingError(f"{what}; {where}", hint=finding.remedy)
