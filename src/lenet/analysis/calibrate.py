"""Calibrating a finished run on the images that it held out.

calibration = calibrate("runs/first")
calibration.temperature
"""

import os
from pathlib import Path

from lenet.analysis.inference import engine_for_network, memory_guard
from lenet.config import TrainConfig
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Splits
from lenet.data.plan import held_out
from lenet.errors import ConfigError, RunError, quoted
from lenet.networks.calibration import Calibration
from lenet.runs.data import load_data, must_fit
from lenet.runs.recorder import Recorder
from lenet.runs.run import Run
from lenet.training.calibration import FEWEST, calibrated


def calibrate(
    run: str | os.PathLike[str] | Run,
    data: Splits | None = None,
    *,
    data_dir: str | None = None,
    device: str = "auto",
) -> Calibration:
    """Calibrate a finished run on the images that it held out, and store the calibration in its model.safetensors.

        lenet.calibrate("runs/first")
        lenet.predict("runs/first", "horse.png").is_unknown

    A training that holds out images (`validation`, or data with validation images) does this at its end. The result is the
    same. The weights stay as they are; summary.json records the file's new SHA-256.

    Args:
        run: the run or its directory.
        data: the Splits it was trained on, if they were your own.
        data_dir: where the data is now, if it moved.
        device: "auto", "cpu", or a GPU such as "cuda:0".

    Returns:
        The calibration.

    Raises:
        ConfigError: if the run held out too few images.
        RunError: if it is not finished, cannot be read, or is trained by another process now.
        DataError: if the data is not there, or has changed.
        EngineError: if the device is not there.
        SaveError: if the file cannot be written.
    """
    if not isinstance(run, Run) and not os.path.isdir(run):  # noqa: PTH112 (Path.is_dir raises for a name that no file can have)
        raise RunError(
            f"{os.fspath(run)} is not a run directory: a calibration needs the images that a run held out",
            hint="give the run that the weights are from: lenet calibrate RUN",
        )
    opened = Run.load(run)
    splits = data or load_data(opened, data_dir)
    if splits.fingerprint != opened.environment.data_fingerprint:
        raise RunError(f"{splits.name} ({splits.source}) is not the data that {opened.path} was trained on")
    must_fit(opened, splits.train)
    train, held_out = _parts(opened.config, splits)
    if held_out is None or len(held_out) < FEWEST:
        raise ConfigError(
            f"{opened.path} held out {len(held_out or ())} images; a calibration takes at least {FEWEST}, which the network "
            "was not trained on",
            hint=f"train again with --validation N, which calibrates at its end: {_again(opened, len(splits.train))}",
        )
    network = opened.network.network
    with memory_guard(device, "in a calibration"):
        result = calibrated(network, train, held_out, lambda made: engine_for_network(opened, made, device))
    if result is None:
        raise RunError(
            f"the network of {opened.path} cannot be calibrated: no dense layer takes at most 1,000 numbers, or what it "
            "computes is not finite",
            hint="a network with a narrower hidden layer can be: --hidden 120,84",
        )
    recorder = Recorder.open(opened)
    with recorder.lock():
        recorder.calibrate(network, result)
    return result


def _parts(config: TrainConfig, splits: Splits) -> tuple[Dataset, Dataset | None]:
    """The images that a training used, and those that it held out, as training/setup.py chooses them."""
    held = held_out(config, len(splits.train))
    return splits.train.without(held), splits.train.subset(held) if len(held) else splits.validation


def _again(run: Run, num_images: int) -> str:
    """The command that trains such a run with held-out images."""
    resolved = run.resolved
    folder = None if resolved.data in CATALOGUE else resolved.data_folder
    data = quoted(Path(folder)) if folder else resolved.data
    return f"lenet train --data {data} --recipe {run.config.recipe} --validation {max(FEWEST, num_images // 12)}"
