"""The programs that run ONNX files and that pip installs: each as a function from pixels to what the file computes."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float32]
Compute: TypeAlias = Callable[[Values], Sequence[Values]]  # from pixels (N, channels, height, width) to the outputs
SILENT = 4  # onnxruntime's level of messages: fatal errors only; others are raised


@dataclass(frozen=True)
class Runtime:
    """A program that runs ONNX files.

    Attributes:
        name: what people call it.
        module: its Python module.
        package: what pip installs.
        start: takes its module, the content of a file, and the names of the outputs to compute.
    """

    name: str
    module: str
    package: str
    start: Callable[[Any, bytes, Sequence[str]], Compute]

    def imported(self) -> ModuleType | None:
        """Import its module; None if it is not installed, or broken."""
        try:
            return importlib.import_module(self.module)
        except ImportError:
            return None


def onnxruntime(module: Any, content: bytes, outputs: Sequence[str]) -> Compute:
    """Start onnxruntime on the CPU."""
    options = module.SessionOptions()
    options.log_severity_level = SILENT
    session = module.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(list(outputs), {"pixels": pixels})


def opencv(module: Any, content: bytes, outputs: Sequence[str]) -> Compute:
    """Start OpenCV's module dnn."""
    network = module.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))

    def compute(pixels: Values) -> Sequence[Values]:
        network.setInput(pixels, "pixels")
        return [values.copy() for values in network.forward(list(outputs))]  # the next call overwrites them

    return compute


def evaluator(module: Any, content: bytes, outputs: Sequence[str]) -> Compute:
    """Start the reference evaluator of the package onnx, which is slow."""
    reference = importlib.import_module("onnx.reference")
    network = reference.ReferenceEvaluator(module.load_from_string(content))
    return lambda pixels: network.run(list(outputs), {"pixels": pixels})


RUNTIMES = (
    Runtime("onnxruntime", "onnxruntime", "onnxruntime", onnxruntime),
    Runtime("OpenCV", "cv2", "opencv-python-headless", opencv),
)
EVALUATOR = Runtime("onnx's reference evaluator", "onnx", "onnx", evaluator)  # where there is none of them
