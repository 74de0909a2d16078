"""Random small networks, and many C sources compiled into one program that runs all their self-tests."""

import math
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.random import Generator

from lenet.data.dataset import Images
from lenet.deploy.c.arithmetic import logits as integer_logits
from lenet.deploy.c.lenet_c import float_source, int8_source
from lenet.deploy.c.lenet_h import header
from lenet.deploy.c.quantization import quantize
from lenet.deploy.c.self_test import Expected, SelfTestImages, self_test
from lenet.deploy.c.stages import stages_of
from lenet.deploy.c.unknown import outlier_scores
from lenet.deploy.plan import InferencePlan, planned_layers
from lenet.images.preprocess import Preprocessing
from lenet.networks import Architecture, Network
from lenet.networks.calibration import UNIT, Calibration
from lenet.networks.embedding import embedding_layer
from lenet.networks.forward import as_input, forward
from lenet.networks.layers import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    Pooling,
    Shape,
)
from lenet.networks.outliers import Floats, View, evidence, unit
from lenet.networks.trained import TrainedNetwork
from lenet.registry import ACTIVATIONS, POOLINGS

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror")
PUBLIC = [f"lenet_{what}{end}" for what in ("predict", "logits", "classify") for end in ("", "_in")] + [
    "lenet_self_test"
]


def random_architecture(rng: Generator) -> Architecture:
    """Convolutions in any order with poolings, activations and batch normalizations, then dense layers."""
    channels = int(rng.choice([1, 3]))
    height, width = map(int, rng.integers(1, 15, 2))
    shape: Shape = (channels, height, width)
    layers: list[Layer] = []

    def add(layer: Layer) -> None:
        nonlocal shape
        layers.append(layer)
        shape = layer.output_shape(shape)

    for _ in range(rng.integers(0, 9)):
        name = str(len(layers))
        match rng.integers(0, 6):
            case 0 | 1 | 2:
                kernel, padding = int(rng.integers(1, 12)), int(rng.integers(0, 4))
                convolution = Convolution(name, shape[0], int(rng.integers(1, 6)), kernel, padding)
                if convolution.takes(shape):
                    add(convolution)
            case 3:
                add(Activation(name, str(rng.choice(list(ACTIVATIONS)))))
            case 4 if min(shape[1:]) >= 2:
                add(Pooling(name, str(rng.choice(list(POOLINGS)))))
            case 5:
                add(BatchNorm(name, shape[0]))
    if rng.integers(0, 3) == 0:
        add(GlobalPooling(str(len(layers))))
    add(Flatten(str(len(layers))))
    for _ in range(rng.integers(0, 3)):
        add(Dense(str(len(layers)), shape[0], int(rng.integers(1, 12))))
        add(Activation(str(len(layers)), str(rng.choice(list(ACTIVATIONS)))))
        add(Dropout(str(len(layers)), 0.5))
    add(Dense(str(len(layers)), shape[0], int(rng.integers(2, 11))))
    return Architecture((channels, height, width), tuple(layers))


def random_network(architecture: Architecture, rng: Generator) -> Network:
    """Weights with which values stay between 0.1 and 10 or so."""
    network = Network.empty(architecture)
    for name, tensor in network.tensors.items():
        size = math.sqrt(max(1, math.prod(tensor.shape[1:])))
        tensor[...] = rng.uniform(0.5, 2, tensor.shape) if "var" in name else rng.normal(0, 1.5 / size, tensor.shape)
    return network


def computed(network: Network, images: Images, preprocessing: Preprocessing) -> tuple[Floats, Floats]:
    """Logits and embeddings, in float64; without a layer for the embedding, the logits twice."""
    inputs = as_input(images, preprocessing).astype(np.float64)
    outputs = [inputs, *forward(network, inputs)]
    layer = embedding_layer(network.architecture)
    number = network.architecture.layers.index(layer) if layer else -1
    return outputs[-1].astype(np.float32), outputs[number].reshape(len(images), -1)


def random_calibration(
    network: Network, images: Images, preprocessing: Preprocessing, rng: Generator
) -> Calibration | None:
    """A calibration by which about half of the images are unknown; None for a network without an embedding."""
    layer = embedding_layer(network.architecture)
    if layer is None:
        return None
    logits, embedding = computed(network, images, preprocessing)
    count = min(5, layer.in_features)
    directions = np.linalg.qr(rng.normal(size=(layer.in_features, count)))[0].T
    directions = np.rint(directions * UNIT).astype(np.float32) / UNIT

    def view(values: Floats) -> View:
        shape = (network.architecture.num_classes, count)
        means, precisions = rng.normal(0, 1, shape), rng.uniform(0.5, 2, shape)
        offsets = rng.normal(0, 1, shape[0])
        arrays = (means.astype(np.float32), precisions.astype(np.float32), offsets.astype(np.float32))
        plain = View(*arrays, rest=0.5, usual=0.0, distance_weight=1.0, evidence_weight=1.0)
        distances = plain.distances(values, directions.astype(np.float64))
        spread = max(float(distances.std()), 1e-3)
        usual = float(np.median(distances)) - spread
        return replace(plain, usual=usual, distance_weight=1 / spread, evidence_weight=0.1)

    amount, direction = view(np.ascontiguousarray(embedding)), view(np.ascontiguousarray(unit(embedding)))
    median = float(np.median(evidence(logits, 1.3)))
    return Calibration(1.3, 0.99, 100, layer.name, directions, median, amount, direction)


class Sources:
    """The C sources of a network, in float or in integers, with what they must compute for some images."""

    def __init__(
        self, network: Network, rng: Generator, is_int8: bool, count: int = 6, is_calibrated: bool = True
    ) -> None:
        channels, *size = network.architecture.input_shape
        mean, std = map(float, rng.uniform(0.1, 0.7, 2))
        framing = "whole" if channels == 3 else "box"
        preprocessing = Preprocessing((size[0], size[1]), mean, std, framing=framing, channels=channels)
        self.images = rng.integers(0, 256, (count, *preprocessing.shape)).astype(np.uint8)
        self.stages = stages_of(InferencePlan(preprocessing, planned_layers(network)))
        classes = tuple(f"class {number}" for number in range(network.architecture.num_classes))
        trained = TrainedNetwork(Path("net"), "lenet", {}, classes, preprocessing, loaded=network)
        calibration = random_calibration(network, self.images, preprocessing, rng) if is_calibrated else None
        if is_int8:
            self.integers = quantize(self.stages, self.images)
            source = int8_source(self.integers, "a test", calibration)
            logits = integer_logits(self.integers, self.images)
            scores = outlier_scores(self.integers, self.images, logits, calibration) if calibration else None
        else:
            source = float_source(self.stages, "a test", calibration)
            logits, embedding = computed(network, self.images, preprocessing)
            scores = calibration.outlier_scores(logits, embedding) if calibration else None
        self.source = source
        test = self_test(SelfTestImages(self.images, "noise"), Expected(logits, is_int8, scores), "a test")
        self.files = {
            "lenet.h": header(trained, source.work, "a test", calibration is not None),
            "lenet.c": source.content,
            "lenet_test.c": test,
        }

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).write_text(content, encoding="utf-8")


def failing(
    sources: Sequence[Sources],
    folder: Path,
    compiler: Sequence[str] = ("gcc", "-O1"),
    runner: Sequence[str] = (),
) -> list[int]:
    """Compile all sources into one program and run it; return the numbers of those whose self-test fails."""
    units = []
    for number, each in enumerate(sources):
        each.write(folder / str(number))
        names = "".join(f"#define {name} {name}_{number}\n" for name in PUBLIC)
        unit = folder / f"unit_{number}.c"
        unit.write_text(f'{names}#include "{number}/lenet.c"\n#include "{number}/lenet_test.c"\n', encoding="utf-8")
        units.append(unit)
    calls = "".join(f'    if (lenet_self_test_{n}() != 0) printf("%d ", {n});\n' for n in range(len(units)))
    declared = "".join(f"int lenet_self_test_{n}(void);\n" for n in range(len(units)))
    main = folder / "main.c"
    main.write_text(f"#include <stdio.h>\n{declared}int main(void)\n{{\n{calls}    return 0;\n}}\n", encoding="utf-8")
    program = folder / "program"
    subprocess.run([*compiler, *WARNINGS, "-DLENET_NO_MAIN", *units, main, "-o", program], check=True)
    printed = subprocess.run([*runner, program], check=True, capture_output=True, text=True)
    assert not printed.stderr, printed.stderr
    return [int(number) for number in printed.stdout.split()]
