"""Trainings killed at random moments and resumed: they end as the uninterrupted training does, bit for bit.

Combinations of model, recipe, engine and threads, twenty random cuts for each, some of them cut twice; and finished runs
that are continued to more epochs.
"""

import collections
import contextlib
import json
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faultlab import Row
from faultlab.kills import STEPWISE, dying
from faultlab.trainings import Child, begin, do, go_on, newest, restart, strays, traces, workplace
from lenet.doctor.finding import Finding
from lenet.runs.environment import DECIDING
from lenet.runs.points import EpochPoint
from lenet.runs.run import Run

MOMENTUM: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.001}
TEACHER = "teacher"  # the folder of a run beside those that it teaches
COMBINATIONS: dict[str, dict[str, Any]] = {
    "fast": {"recipe": "fast", "engine": "cpu", "threads": 1, "checkpoint_every": "7"},
    "fast, shifts, a validation split": {
        **{"recipe": "fast", "engine": "cpu", "threads": 2, "checkpoint_every": "0.02s"},
        **{"shift": 2, "validation": 64},
    },
    "fast, taught, with flips, cosine and warm-up": {
        **{"recipe": "fast", "engine": "reference", "threads": 2, "checkpoint_every": "5"},
        **{"flip": True, "schedule": "cosine", "warm_up": 0.2, "teacher": TEACHER},
    },
    "sprint, taught, weighted classes": {
        **{"recipe": "sprint", "engine": "cpu", "threads": 2, "class_weights": "balanced", "teacher": TEACHER},
    },
    "sprint, the best epoch kept": {
        **{"recipe": "sprint", "engine": "reference", "threads": 1, "validation": 100},
        **{"keep": "best", "patience": 2},
    },
    "book-sgd": {"recipe": "book-sgd", "engine": "cpu", "threads": 1, "checkpoint_every": "0.01s"},
    "book-sgd, flips and augmented": {
        **{"recipe": "book-sgd", "engine": "reference", "threads": 2, "checkpoint_every": "0.02s"},
        **{"flip": True, "augment": "light"},
    },
    "book-adam": {"recipe": "book-adam", "engine": "reference", "threads": 1, "checkpoint_every": "3"},
    "book-adam-01, one-cycle, augmented": {
        **{"recipe": "book-adam-01", "engine": "cpu", "threads": 2, "checkpoint_every": "7"},
        **{"schedule": "one-cycle", "augment": "strong"},
    },
    "momentum, one-cycle, clipping": {
        **{"engine": "cpu", "threads": 1, "checkpoint_every": "11", "flip": True, **MOMENTUM},
        **{"clip_norm": 0.5},
    },
    "nesterov, label smoothing": {
        **{"engine": "reference", "threads": 1, "checkpoint_every": "7", "schedule": "constant", **MOMENTUM},
        **{"nesterov": True, "label_smoothing": 0.1, "shift": 2},
    },
    "mlp, label smoothing, averaged": {
        **{"model": "mlp", "engine": "cpu", "threads": 2, "checkpoint_every": "4", "ema": 0.9},
        **{"schedule": "constant", "label_smoothing": 0.2, "validation": 40},
    },
    "lenet-bn, taught, dropout, averaged, the best epoch kept": {
        **{"recipe": "lenet-bn", "engine": "cpu", "threads": 2, "checkpoint_every": "5", "dropout": 0.3},
        **{"teacher": TEACHER, "ema": 0.9, "validation": 64, "keep": "best", "patience": 2},
    },
    "lenet-bn, SGD, dropout": {
        **{"recipe": "lenet-bn", "engine": "reference", "threads": 1, "checkpoint_every": "7", **MOMENTUM},
        **{"dropout": 0.5},
    },
    "small, dropout, averaged": {
        **{"recipe": "small", "engine": "cpu", "threads": 2, "checkpoint_every": "3", "dropout": 0.2, "ema": 0.95},
    },
    "small, taught, averaged, the best epoch kept": {
        **{"recipe": "small", "engine": "reference", "threads": 1, "checkpoint_every": "0.05s", "ema": 0.9},
        **{"teacher": TEACHER, "validation": 100, "keep": "best", "patience": 1},
    },
    "tiny, taught, dropout, clipping": {
        **{"recipe": "tiny", "engine": "cpu", "threads": 1, "checkpoint_every": "0.01s", "dropout": 0.3},
        **{"teacher": TEACHER, "clip_norm": 0.5, "augment": "strong", "flip": True},
    },
    "tiny, dropout, averaged": {
        **{"recipe": "tiny", "engine": "reference", "threads": 1, "checkpoint_every": "5", "dropout": 0.3},
        **{"ema": 0.9, "schedule": "constant", "class_weights": "balanced"},
    },
}
CUTS, TWICE = 20, 0.25  # cuts of each combination; the share of those that are cut again while they are resumed
CONTINUED = (
    *("book-sgd", "book-adam", "nesterov, label smoothing", "mlp, label smoothing, averaged"),
    "tiny, dropout, averaged",
)


def examine(short: bool) -> Iterator[Row]:
    cuts = 1 if short else CUTS
    with workplace() as folder:
        yield cut_and_resumed(folder, cuts)
        yield elsewhere(folder)
        yield continued(folder, CONTINUED[-1:] if short else CONTINUED)


def cut_and_resumed(folder: Path, cuts: int) -> Row:
    """Kills each combination `cuts` times, at random moments spread over all of the training."""
    draw = random.Random(240)
    survived: collections.Counter[str] = collections.Counter()
    trials: collections.Counter[str] = collections.Counter()
    places: collections.Counter[str] = collections.Counter()
    wrong = []
    do(begin, folder / TEACHER, {"epochs": 1, "batch_size": 16, "threads": 1})
    for name, given in COMBINATIONS.items():
        settings = {"epochs": 2, "batch_size": 16, **given}
        settings |= {"teacher": str(folder / TEACHER)} if "teacher" in given else {}
        whole = folder / "whole"
        seconds = lasting(whole, settings)
        expected = traces(whole)
        for number in range(cuts):
            run = folder / "cut"
            fell = [cut(run, settings, (number + draw.random()) / cuts * seconds)]
            if draw.random() < TWICE:
                fell.append(cut(run, settings, draw.random() * seconds))
            kind = f"{settings['engine']} {settings['threads']} thread{'s' if settings['threads'] > 1 else ''}"
            trials[kind] += 1
            places.update(fell)
            try:
                do(restart, run, settings)
                found = traces(run)
            except Exception as error:
                found = {"error": str(error).splitlines()[0]}
            if found == expected and not strays(run):
                survived[kind] += 1
            else:
                different = [key for key in found if found[key] != expected.get(key)]
                wrong.append(f"{name} cut {' and '.join(fell)}: {found.get('error', different or strays(run))}")
            shutil.rmtree(run, ignore_errors=True)
        shutil.rmtree(whole)
    return Row(
        f"trainings killed and resumed: {len(COMBINATIONS)} combinations, {cuts} random cuts each",
        trials.total(),
        survived.total(),
        "equal weights, metrics and summary: "
        + ", ".join(f"{kind} {survived[kind]} of {trials[kind]}" for kind in sorted(trials))
        + f"; {places.total()} cuts: "
        + ", ".join(f"{number} {place}" for place, number in places.most_common())
        + "".join(f"; {line}" for line in wrong[:3]),
        f"{trials.total()} of {trials.total()}",
    )


def continued(folder: Path, names: tuple[str, ...]) -> Row:
    """Finished runs continued to more epochs, some of them cut meanwhile, against runs with as many from the start."""
    draw = random.Random(12)
    trials = survived = cut_again = 0
    wrong = []
    for name in names:
        settings = {"batch_size": 16, **COMBINATIONS[name]}
        longer = folder / "longer"
        seconds = lasting(longer, settings | {"epochs": 3})
        expected = traces(longer, findings=False)
        for epochs, cuts in ((1, 0), (2, 0), (1, 1)):
            run = folder / "continued"
            do(begin, run, settings | {"epochs": epochs})
            child = Child(go_on, run, epochs=3)
            if cuts:
                time.sleep(draw.random() * seconds * 2 / 3)
                child.signal(signal.SIGKILL)
            cut_again += child.end() == -signal.SIGKILL
            trials += 1
            try:
                # If it was killed before it had begun to continue, the run is still the finished one.
                if lasts_epochs(run) < 3:
                    do(go_on, run, epochs=3)
                elif not Run.load(run, finished=False).is_finished:
                    do(go_on, run)
                equal = traces(run, findings=False) == expected and not strays(run)
            except Exception as error:
                wrong.append(f"{name}, {epochs} epochs: {str(error).splitlines()[0]}")
                equal = False
            survived += equal
            shutil.rmtree(run)
        shutil.rmtree(longer)
    return Row(
        "finished trainings continued to more epochs",
        trials,
        survived,
        f"weights, metrics and summary equal those of trainings of as many epochs, except for the doctor's findings: "
        f"{survived} of {trials}, "
        f"{cut_again} of them killed while they continued" + "".join(f"; {line}" for line in wrong[:3]),
    )


def elsewhere(folder: Path) -> Row:
    """Resumes a cut run on what looks like another machine: each time one entry of environment.json differs."""
    changed = DECIDING
    cut_off, run = folder / "cut", folder / "elsewhere"
    Child(dying, cut_off, STEPWISE, 100, False).end()
    survived = 0
    for name in changed:
        shutil.copytree(cut_off, run)
        path = run / "environment.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {name: "another"}))
        before_the_first_epoch = do(go_on, run, progress="auto").split("\nepoch ")[0]
        survived += f"{name} another → " in before_the_first_epoch
        shutil.rmtree(run)
    shutil.rmtree(cut_off)
    return Row(
        "trainings resumed in another environment",
        len(changed),
        survived,
        f"reported before the first step: {survived} of {len(changed)} ({', '.join(changed)})",
    )


def lasts_epochs(run: Path) -> int:
    """How many epochs the run is to have."""
    return Run.load(run, finished=False).config.epochs


def lasting(run: Path, settings: dict[str, Any]) -> float:
    """Trains without interruption and returns the seconds."""
    child = Child(begin, run, settings)
    child.result()
    return time.monotonic() - child.began


def cut(run: Path, settings: dict[str, Any], seconds: float) -> str:
    """Starts or resumes the training, kills it after so many seconds, or sooner if it ends before; returns where."""
    while True:
        child = Child(restart, run, settings)
        time.sleep(max(0.0, child.began + seconds - time.monotonic()))
        child.signal(signal.SIGKILL)
        if child.end() == -signal.SIGKILL:
            return place(run, settings["epochs"])
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(run)
        seconds *= 0.9


def place(path: Path, epochs: int) -> str:
    """In which phase the run was cut."""
    if not (path / "config.json").exists():
        return "before the run began"
    run = Run.load(path, finished=False)
    if run.is_finished:
        return "after the end"
    points = [point for point in run.metrics if not isinstance(point, Finding)]
    is_epoch = bool(points) and isinstance(points[-1], EpochPoint)
    if is_epoch and points[-1].epoch == epochs:
        return "in the final save"
    if newest(path) is None:
        return "before the first checkpoint"
    return "at the end of an epoch" if is_epoch else "in the middle of an epoch"
