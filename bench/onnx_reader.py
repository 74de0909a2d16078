"""Computes outputs of an ONNX file with every program that this Python has: onnxruntime, OpenCV, OpenVINO, tract.

    PYTHON bench/onnx_reader.py FILE.onnx FOLDER OUTPUT ...

FOLDER has pixels.npy, and gets KEY-OUTPUT.npy of each program. Prints one line of JSON: of each program its name, its
version, and its KEY. Needs NumPy besides the programs, so that old versions can be tried in environments of their own.
"""

import argparse
import importlib
import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Compute = Callable[[Any], Any]  # from pixels (N, channels, height, width) to the outputs
BATCH = 250
ALL_OUTPUTS = ["logits", "probabilities", "unknown", "outlier_score"]  # in the file's order


def onnxruntime(module: Any, path: str, outputs: list[str]) -> Compute:
    options = module.SessionOptions()
    options.intra_op_num_threads = 1
    session = module.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(outputs, {"pixels": pixels})


def opencv(module: Any, path: str, outputs: list[str]) -> Compute:
    module.setNumThreads(1)
    network = module.dnn.readNetFromONNX(path)

    def compute(pixels: Any) -> Any:
        network.setInput(pixels, "pixels")
        return [network.forward(name).copy() for name in outputs]  # OpenCV 5: one, or all

    return compute


def openvino(module: Any, path: str, outputs: list[str], **settings: str) -> Compute:
    core = module.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": 1, **settings})
    compiled = core.compile_model(core.read_model(path), "CPU")

    def compute(pixels: Any) -> Any:
        results = compiled([pixels])
        return [np.array(results[name]) for name in outputs]

    return compute


def openvino_float32(module: Any, path: str, outputs: list[str]) -> Compute:
    return openvino(module, path, outputs, INFERENCE_PRECISION_HINT="f32")


def tract(module: Any, path: str, outputs: list[str]) -> Compute:
    runnable = module.onnx().load(path).into_model().into_runnable()
    order = [ALL_OUTPUTS.index(name) for name in outputs]

    def compute(pixels: Any) -> Any:
        results = runnable.run([pixels])
        return [np.asarray(results[number].to_numpy()) for number in order]

    return compute


PROGRAMS: dict[str, tuple[str, str, Callable[[Any, str, list[str]], Compute]]] = {
    "onnxruntime": ("onnxruntime", "onnxruntime", onnxruntime),
    "opencv": ("OpenCV", "cv2", opencv),
    "openvino-f32": ("OpenVINO, with INFERENCE_PRECISION_HINT f32", "openvino", openvino_float32),
    "openvino": ("OpenVINO, as it is", "openvino", openvino),
    "tract": ("tract", "tract", tract),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Computes outputs of an ONNX file with every program that is here.")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("outputs", nargs="+", metavar="OUTPUT")
    options = parser.parse_args()
    pixels = np.load(options.folder / "pixels.npy")
    found = []
    for key, (name, package, start) in PROGRAMS.items():
        try:
            module = importlib.import_module(package)
        except ImportError:
            continue
        compute = start(module, options.file, options.outputs)
        parts = [compute(pixels[begin : begin + BATCH]) for begin in range(0, len(pixels), BATCH)]
        for output, values in zip(options.outputs, zip(*parts, strict=True), strict=True):
            np.save(options.folder / f"{key}-{output}.npy", np.concatenate(values))
        version = str(getattr(module, "__version__", None) or importlib.metadata.version(package)).split("-")[0]
        found.append({"name": name, "version": version, "key": key})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
