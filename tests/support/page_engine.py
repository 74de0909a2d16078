"""Networks as the explorer's page gets them, computed by the page's JavaScript in node."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from webassembly import node

import lenet.explorer
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network
from lenet.networks.layers import Activation, BatchNorm, Convolution, Dense, Dropout, Flatten, GlobalPooling, Pooling

PAGE = Path(lenet.explorer.__file__).parent / "page"
KINDS = {
    Convolution: "convolution",
    BatchNorm: "batch-norm",
    Activation: "activation",
    Pooling: "pooling",
    GlobalPooling: "global-pooling",
    Dropout: "dropout",
    Flatten: "flatten",
    Dense: "dense",
}


def described(network: Network, preprocessing: Preprocessing) -> dict[str, Any]:
    """Return layers, input, tensors and preprocessing as the page's data has them."""
    tensors, start = {}, 0
    for name, shape in network.architecture.tensor_shapes.items():
        tensors[name] = [start, list(shape)]
        start += int(np.prod(shape))
    layers = [{"kind": KINDS[type(layer)], **vars(layer)} for layer in network.architecture.layers]
    size = dict(zip(("channels", "height", "width"), network.architecture.input_shape, strict=True))
    return {"layers": layers, "input": size, "tensors": tensors, "preprocessing": preprocessing.to_dict()}


def run_script(script: Path, folder: Path, *arguments: str, seconds: float = 120) -> str:
    """Run a script in node; return what it printed. The folder is its first argument."""
    command = [*node(), str(script), str(folder), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def page_outputs(
    cases: dict[str, tuple[Network, Preprocessing, NDArray[np.uint8]]], folder: Path, module: Path | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return the logits that the page computes, in JavaScript or with a module of kernels.

    Args:
        cases: networks and images by name.
        folder: for the files that node reads and writes.
        module: the kernels as WebAssembly; None for JavaScript.

    Returns:
        float32 (N, num_classes) by name.
    """
    names = list(cases)
    for number, (network, preprocessing, images) in enumerate(cases.values()):
        (folder / f"{number}.json").write_text(json.dumps(described(network, preprocessing)))
        network.weights.tofile(folder / f"{number}.weights")
        np.ascontiguousarray(images).tofile(folder / f"{number}.images")
    run_script(
        Path(__file__).with_suffix(".mjs"), folder, str(len(names)), *([str(module)] if module else []), seconds=600
    )
    return {
        name: np.fromfile(folder / f"{number}.logits", np.float32).reshape(len(cases[name][2]), -1)
        for number, name in enumerate(names)
    }
