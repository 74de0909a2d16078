"""lenet_classify in C: the calibrated probability of an answer, and whether the network knows such images.

What it computes is `Calibration`'s of networks/calibration.py, in float32.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.deploy.c import text
from lenet.deploy.c.arithmetic import inputs
from lenet.deploy.c.quantization import Quantized
from lenet.deploy.c.stages import Stages
from lenet.networks.calibration import UNIT, Calibration

# Bytes of code on a Cortex-M4, as clang -Os makes it; a test compiles it.
CODE = 1420


@dataclass(frozen=True, eq=False)
class Embedding:
    """The values that a calibration looks at, in C.

    Attributes:
        number: of the stage whose input they are.
        kind: "float" or "uint8_t".
        scale: a value is scale * (what is in memory - zero).
        zero: see scale.
    """

    number: int
    kind: str
    scale: float
    zero: float


def embedding_stage(stages: Stages, calibration: Calibration) -> int:
    """Return the number of the stage whose input is the embedding."""
    names = [stage.name.split(", ")[0] for stage in stages.all]
    return names.index(calibration.layer)


def float_embedding(stages: Stages, calibration: Calibration) -> Embedding:
    """Return the embedding of a network in float."""
    number = embedding_stage(stages, calibration)
    if number == 0:
        return Embedding(number, "uint8_t", 1 / (255 * stages.std), 255 * stages.mean)
    return Embedding(number, "float", 1.0, 0.0)


def int8_embedding(network: Quantized, calibration: Calibration) -> Embedding:
    """Return the embedding of a network in integers."""
    number = embedding_stage(network.stages, calibration)
    levels = network.quantized[number].input
    return Embedding(number, "uint8_t", levels.scale, levels.zero)


def outlier_scores(
    network: Quantized, images: Images, logits: NDArray[np.float32], calibration: Calibration
) -> NDArray[np.float64]:
    """Return the outlier scores of a network in integers.

    Args:
        network: the network.
        images: uint8 (N, height, width) or (N, height, width, 3).
        logits: (N, num_classes), its logits of them.
        calibration: the calibration of the network in float.
    """
    number = embedding_stage(network.stages, calibration)
    values, order = inputs(network, images, number), network.quantized[number].stage.order
    if order is not None:
        values = values[:, np.argsort(order)]
    return calibration.outlier_scores(logits, values)


def arrays(stages: Stages, calibration: Calibration) -> dict[str, NDArray[Any]]:
    """Return the constants of lenet_classify by name."""
    stage = stages.all[embedding_stage(stages, calibration)]
    directions = np.rint(calibration.directions * UNIT).astype(np.int16)
    views = (calibration.amount, calibration.direction)
    numbers = [(view.rest, view.usual, view.distance_weight, view.evidence_weight) for view in views]
    return {
        "directions": directions if stage.order is None else directions[:, stage.order],
        "means": np.stack([view.means for view in views]),
        "precisions": np.stack([view.precisions for view in views]),
        "offsets": np.stack([view.offsets for view in views]),
        "view_numbers": np.array(numbers, np.float32),
    }


def source(stages: Stages, calibration: Calibration, embedding: Embedding, has_exponential: bool) -> str:
    """Return the end of lenet.c: lenet_classify with its constants, unless LENET_NO_CLASSIFY is defined.

    Args:
        stages: the network.
        calibration: its calibration.
        embedding: what that looks at.
        has_exponential: whether the function exponential precedes it.
    """
    macros = {
        "EMBEDDING_LAYER": embedding.number,
        "EMBEDDING_SIZE": calibration.directions.shape[1],
        "EMBEDDING_SCALE": text.number(embedding.scale),
        "EMBEDDING_ZERO": f"({text.number(embedding.zero)})",
        "DIRECTIONS": len(calibration.directions),
        "TEMPERATURE": text.number(calibration.temperature),
        "EVIDENCE": f"({text.number(calibration.evidence)})",
    }
    lines = [f"#define {name} {value}\n" for name, value in macros.items()]
    constants = [text.array(name, values) for name, values in arrays(stages, calibration).items()]
    code = ["classify.c"] if has_exponential else ["exponential.c", "classify.c"]
    functions = [text.source(name, ()) for name in code]
    parts = ["".join(lines), f"typedef {embedding.kind} embedded;\n", *constants, *functions]
    return "#ifndef LENET_NO_CLASSIFY\n" + "\n".join(parts) + "#endif\n"


def flash(stages: Stages, calibration: Calibration) -> int:
    """Return the bytes of flash memory that lenet_classify adds, code included."""
    return sum(values.nbytes for values in arrays(stages, calibration).values()) + CODE
