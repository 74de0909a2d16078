"""A run that nothing was trained in, and records of made-up numbers, for the tests of what is kept on disk."""

from pathlib import Path
from typing import Any

from lenet.configuration import configure
from lenet.networks import Network, build
from lenet.networks.initialization import initialized
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.runs.recorder import Recorder
from lenet.runs.records import Environment, Resolved, Summary

RESOLVED: dict[str, Any] = {
    "data": "toy",
    "classes": ["a", "b"],
    "model": {"name": "softmax", "arguments": {"input_size": [2, 2], "num_classes": 2}, "parameters": 10},
    "engine": "reference",
    "device": "cpu",
    "preprocessing": {
        "size": [2, 2],
        "mean": 0.0,
        "std": 1.0,
        "ground": "dark",
        "framing": "box",
        "channels": 1,
        "fit": "pad",
    },
}
ENVIRONMENT = Environment(lenet="0", threads=2, data_fingerprint="0" * 64)


def toy_run(path: Path | None, environment: Environment = ENVIRONMENT, **settings: Any) -> Recorder:
    config = configure("fast", model="softmax", **settings)
    return Recorder.create(path, config, Resolved.from_dict(RESOLVED), environment)


def chunk(step: int, train_loss: float = 2.3, learning_rate: float = 0.1) -> ChunkPoint:
    """The metrics of a chunk that ends at that step."""
    return ChunkPoint(
        step=step,
        epoch=step / 10,
        train_loss=train_loss,
        train_accuracy=0.5,
        images_per_second=1.0,
        learning_rate=learning_rate,
    )


def epoch(number: int, train_accuracy: float = 0.5, test_accuracy: float = 0.5) -> EpochPoint:
    """The metrics of the epoch of that number, of ten steps."""
    return EpochPoint(
        step=10 * number,
        epoch=number,
        train_loss=2.3,
        train_accuracy=train_accuracy,
        images_per_second=1.0,
        test_loss=2.3,
        test_accuracy=test_accuracy,
    )


def summary(**changes: Any) -> Summary:
    """The summary of a toy run."""
    values: dict[str, Any] = {
        "train_loss": 2.3,
        "train_accuracy": 0.5,
        "test_loss": 2.3,
        "test_accuracy": 0.5,
        "images_per_second": 1.0,
        "images_per_second_end_to_end": 1.0,
        "seconds": 1.0,
        "steps_seconds": 1.0,
        "epochs": 1,
        "parameters": 10,
        "model": "softmax",
        "recipe": "fast",
        "seed": 0,
        "engine": "reference",
        "device": "cpu",
        "data": "toy",
        "run": "runs/toy",
    }
    return Summary(**values | changes)


def initial_network() -> Network:
    """The network of a toy run with its initial weights."""
    return initialized(build("softmax", input_size=(2, 2), num_classes=2), "default", 0)


def finished(recorder: Recorder) -> Recorder:
    """A toy run, finished: with an epoch, weights and a summary."""
    recorder.log(epoch(1))
    recorder.save_weights(initial_network())
    recorder.finish(summary())
    return recorder
