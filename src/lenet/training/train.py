"""Training a network.

run = train("fashion-mnist", recipe="book-sgd", epochs=2)
"""

import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Any

from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.data.dataset import Dataset, Splits
from lenet.data.from_arrays import as_splits
from lenet.data.loading import load
from lenet.display.choice import choose_display
from lenet.display.protocol import Display
from lenet.engines.choice import choose_device
from lenet.engines.memory import memory_explained
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError
from lenet.runs import environment
from lenet.runs.recorder import Recorder
from lenet.runs.run import Run
from lenet.training.interrupts import interrupts
from lenet.training.job import Job, Session
from lenet.training.loop import Loop
from lenet.training.own import recipe_for, with_own_settings
from lenet.training.position import Position
from lenet.training.setup import header, set_up


def train(
    data: "str | os.PathLike[str] | Splits | Dataset | Sequence[Any] | None" = None,
    *,
    recipe: str | None = None,
    config: TrainConfig | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: str | Display = "auto",
    **settings: Any,
) -> Run:
    """Train a network, and save it in a run directory.

        run = lenet.train("fashion-mnist", recipe="book-sgd", epochs=2, seed=7)
        print(run.test_accuracy)

    Ctrl-C, SIGTERM and SIGHUP finish the chunk of steps under way, save a checkpoint and raise Interrupted.

    Args:
        data: the name of a data set ("auto", "fashion-mnist", "mnist", "digits"), the path of your own images ("photos/",
            "train.csv"), your own Splits, a Dataset, or arrays and tensors: (images, labels), or
            ((x_train, y_train), (x_test, y_test)). Without test images, a fifth of each class is the test.
        recipe: a name in `lenet.RECIPES`; by default "fast" for the data sets of the catalogue, and "own" for your own
            images, which chooses epochs and batch size by their number.
        config: all settings, instead of recipe and settings.
        out: the run directory, a new or empty folder; by default runs/DATE-TIME-DATA-MODEL.
        progress: "auto" (a chart in a notebook, a table on a terminal, else a line per epoch, on stderr) or "quiet".
        **settings: fields of `lenet.TrainConfig` in which the training differs from the recipe.

    Returns:
        The finished run.

    Raises:
        ConfigError: for a setting that is unknown or not possible.
        DataError: if the data cannot be loaded or does not fit the model.
        EngineError: if engine or device are not available, or fail; the last good state is saved.
        Interrupted: after a signal, when all is saved.
        ModelError: for a network that cannot be built.
        RunError: if the run directory cannot be made.
        SaveError: if a file cannot be written; its `save_to` saves the training in another folder.
        TrainingError: if the loss becomes NaN or infinite, or after a finding of a strict training.
    """
    began = time.perf_counter()
    source = as_splits(data, settings.get("split_seed") or 0)
    name = source.name if isinstance(source, Splits) else None if source is None else os.fspath(source)
    is_ours = config is None  # made here, and not given
    if config is None:
        config = configure(recipe or recipe_for(source), data=name, **settings)
    elif settings or recipe is not None or isinstance(source, str | os.PathLike):
        raise ConfigError("train was given a config and settings", hint="put the settings into the config")
    elif name is not None:
        config = dataclasses.replace(config, data=name)
    display = choose_display(progress)
    splits = source if isinstance(source, Splits) else _loaded(config, display)
    if is_ours:
        config = with_own_settings(config, splits.train, settings)
    with interrupts() as interrupt:
        return run_once(config, splits, out, Session(display, interrupt, began))


def _loaded(config: TrainConfig, display: Display) -> Splits:
    return load(config.data, config.data_dir, progress=display.download, **config.own_data)


def run_once(config: TrainConfig, splits: Splits, out: str | os.PathLike[str] | None, session: Session) -> Run:
    """Train one network; see `train`."""
    with memory_explained(choose_device(config.device, config.engine).name):
        setup = set_up(config, splits, make=session.make_engine)
        here = environment.describe(splits.fingerprint, num_threads(config.threads), setup.precision)
        recorder = Recorder.create(out, config, setup.resolved, here)
        with recorder.lock():
            return Loop(Job(recorder, setup, session), Position()).run(header(config, setup.resolved))
