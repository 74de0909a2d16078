"""Computes the logits of an ONNX file with every program that this Python has: onnxruntime, OpenCV, OpenVINO, tract.

    PYTHON bench/onnx_reader.py FILE.onnx FOLDER     (FOLDER has pixels.npy, and gets NAME.npy of each program)

Prints one line of JSON: of each program its name, its version, and the file with its logits. Needs NumPy besides the
programs, so that old versions can be tried in environments of their own.
"""

import argparse
import importlib
import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Compute = Callable[[Any], Any]  # from pixels (N, channels, height, width) to logits
BATCH = 250


def onnxruntime(module: Any, path: str) -> Compute:
    options = module.SessionOptions()
    options.intra_op_num_threads = 1
    session = module.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(["logits"], {"pixels": pixels})[0]


def opencv(module: Any, path: str) -> Compute:
    module.setNumThreads(1)
    network = module.dnn.readNetFromONNX(path)

    def compute(pixels: Any) -> Any:
        network.setInput(pixels, "pixels")
        return network.forward("logits").copy()

    return compute


def openvino(module: Any, path: str, **settings: str) -> Compute:
    core = module.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": 1, **settings})
    compiled = core.compile_model(core.read_model(path), "CPU")
    return lambda pixels: np.array(compiled([pixels])["logits"])


def openvino_float32(module: Any, path: str) -> Compute:
    return openvino(module, path, INFERENCE_PRECISION_HINT="f32")


def tract(module: Any, path: str) -> Compute:
    runnable = module.onnx().load(path).into_model().into_runnable()
    return lambda pixels: np.asarray(runnable.run([pixels])[0].to_numpy())


PROGRAMS: dict[str, tuple[str, str, Callable[[Any, str], Compute]]] = {
    "onnxruntime": ("onnxruntime", "onnxruntime", onnxruntime),
    "opencv": ("OpenCV", "cv2", opencv),
    "openvino-f32": ("OpenVINO, with INFERENCE_PRECISION_HINT f32", "openvino", openvino_float32),
    "openvino": ("OpenVINO, as it is", "openvino", openvino),
    "tract": ("tract", "tract", tract),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Computes the logits of an ONNX file with every program that is here.")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    pixels = np.load(options.folder / "pixels.npy")
    found = []
    for key, (name, package, start) in PROGRAMS.items():
        try:
            module = importlib.import_module(package)
        except ImportError:
            continue
        compute = start(module, options.file)
        parts = [compute(pixels[begin : begin + BATCH]) for begin in range(0, len(pixels), BATCH)]
        np.save(options.folder / f"{key}.npy", np.concatenate(parts))
        version = str(getattr(module, "__version__", None) or importlib.metadata.version(package)).split("-")[0]
        found.append({"name": name, "version": version, "file": f"{key}.npy"})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
