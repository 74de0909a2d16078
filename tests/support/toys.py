"""A run that nothing was trained in, for the tests of what is kept on disk."""

from pathlib import Path
from typing import Any

from lenet.config import configure
from lenet.runs.run import Run

RESOLVED: dict[str, Any] = {
    "data": "toy",
    "classes": ["a", "b"],
    "model": {"name": "softmax", "arguments": {"input_size": [2, 2], "num_classes": 2}, "parameters": 10},
    "engine": "reference",
    "device": "cpu",
    "preprocessing": {"size": [2, 2], "mean": 0.0, "std": 1.0, "ground": "dark", "framing": "box"},
}

ENVIRONMENT = {"lenet": "0", "threads": 2, "data_fingerprint": "0" * 64}


def toy_run(path: Path, environment: dict[str, Any] = ENVIRONMENT, **settings: Any) -> Run:
    return Run.create(path, configure("fast", model="softmax", **settings), RESOLVED, environment)
