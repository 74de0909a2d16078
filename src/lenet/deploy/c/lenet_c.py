"""lenet.c: the weights as constant arrays, the stages as constant structures, and the code that uses them.

The code is that of source/, of which a network takes the parts that it uses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.deploy.c import text, unknown
from lenet.deploy.c.lenet_h import Work
from lenet.deploy.c.memory import Memory, laid_out, rows_read
from lenet.deploy.c.quantization import Quantized, QuantizedMean
from lenet.deploy.c.ranges import CURVED
from lenet.deploy.c.size import Flash, float_flash, int8_flash
from lenet.deploy.c.stages import Stages
from lenet.deploy.c.unknown import float_embedding, int8_embedding
from lenet.networks.calibration import Calibration

Row: TypeAlias = tuple[int | str, ...]
Macros: TypeAlias = dict[str, int | str]

# The numbers of the activations in lenet.c.
ACTIVATIONS = {"relu": 1, "leaky-relu": 2, "sigmoid": 3, "tanh": 4, "scaled-tanh": 5}
TABLE = 6  # a curved activation of integers
LARGEST_SHORT = 2**15 - 1

# What of source/ an activation uses in float.
FLOAT_USES: dict[str | None, set[str]] = {
    None: set(),
    "relu": {"RELU"},
    "leaky-relu": {"LEAKY_RELU"},
    "sigmoid": {"EXP", "SIGMOID"},
    "tanh": {"EXP", "TANH", "PLAIN_TANH"},
    "scaled-tanh": {"EXP", "TANH", "SCALED_TANH"},
}


@dataclass(frozen=True)
class Source:
    """lenet.c.

    Attributes:
        content: its text.
        work: the work memory.
        flash: bytes of flash memory, without lenet_classify.
        classify_flash: bytes of flash memory that lenet_classify adds; 0 if there is none.
    """

    content: str
    work: Work
    flash: Flash
    classify_flash: int = 0


def float_source(stages: Stages, first_line: str, calibration: Calibration | None = None) -> Source:
    """Return lenet.c in float.

    Args:
        stages: the network.
        first_line: what it is, for a comment.
        calibration: the network's; with it, there is lenet_classify.
    """
    memory = laid_out(stages)
    functions = _functions(stages)
    uses = _uses(stages).union(*(FLOAT_USES[function] for function in functions))
    arrays: list[str] = []
    rows: list[Row] = []
    for number, stage in enumerate(stages.all):
        weight = stage.weight.astype(np.float64) / (255 * stages.std) if number == 0 else stage.weight
        parts = {"weights": weight.astype(np.float32), "biases": stage.bias}
        arrays.append(_arrays(parts, number, stage.name))
        names = [f"{name}_{number}" for name in parts]
        rows.append((*names, *_sizes(stages, memory, number), _macro(stage.activation)))
    macros: Macros = {_macro(name): ACTIVATIONS[name] for name in functions if name}
    macros |= {"MEAN": text.number(255 * stages.mean)} | _macros(stages, memory)
    content = [
        *_first(first_line, macros, uses, _is_short(stages, memory)),
        text.source("float_layer.c", uses),
        *arrays,
        _table(rows),
        *([text.source("exponential.c", uses)] if "EXP" in uses else []),
        text.source("float_sums.c", uses),
        text.source("stream.c", uses),
        "typedef float score;\n#define LOGIT(value) (value)\n",
        text.source("public.c", uses),
    ]
    if calibration is not None:
        embedding = float_embedding(stages, calibration)
        content.append(unknown.source(stages, calibration, embedding, has_exponential="EXP" in uses))
    flash = float_flash(stages, uses, _is_short(stages, memory))
    return Source("\n".join(content), Work("float", memory.size), flash, _added(stages, calibration))


def int8_source(network: Quantized, first_line: str, calibration: Calibration | None = None) -> Source:
    """Return lenet.c in integers; see `float_source`."""
    stages = network.stages
    memory = laid_out(stages)
    functions = _functions(stages)
    uses = _uses(stages)
    uses |= {"TABLES"} if set(functions) & set(CURVED) else set()
    uses |= {"LEAKY_RELU"} if "leaky-relu" in functions else set()
    arrays: list[str] = []
    rows: list[Row] = []
    for number, entry in enumerate(network.quantized):
        parts: dict[str, NDArray[Any]] = {"weights": entry.weight, "biases": entry.bias}
        parts["multipliers"] = entry.multiplier
        names = [f"{name}_{number}" for name in parts]
        if entry.thresholds is not None:
            parts["thresholds"] = entry.thresholds
        if "TABLES" in uses:
            names.append("0" if entry.thresholds is None else f"thresholds_{number}")
        arrays.append(_arrays(parts, number, entry.stage.name))
        activation = _macro(entry.stage.activation) if entry.thresholds is None else "TABLE"
        zeros = (entry.input.zero, entry.output.zero)
        rows.append((*names, *zeros, *_sizes(stages, memory, number), activation, entry.shift))
    macros: Macros = {"RELU": ACTIVATIONS["relu"], "LEAKY_RELU": ACTIVATIONS["leaky-relu"], "TABLE": TABLE}
    macros |= _macros(stages, memory) | _mean_macros(network.mean)
    logit = f"#define LOGIT(value) ((float)(value) * {text.number(network.step)})"
    content = [
        *_first(first_line, macros, uses, _is_short(stages, memory)),
        text.source("int8_layer.c", uses),
        *arrays,
        _table(rows),
        text.source("int8_sums.c", uses),
        text.source("stream.c", uses),
        f"typedef int32_t score;\n{logit}\n",
        text.source("public.c", uses),
    ]
    if calibration is not None:
        content.append(unknown.source(stages, calibration, int8_embedding(network, calibration), has_exponential=False))
    flash = int8_flash(network, uses, _is_short(stages, memory))
    work = Work("uint8_t", memory.size, memory.mean.size if memory.mean else 0)
    return Source("\n".join(content), work, flash, _added(stages, calibration))


def _added(stages: Stages, calibration: Calibration | None) -> int:
    return 0 if calibration is None else unknown.flash(stages, calibration)


def _functions(stages: Stages) -> list[str | None]:
    """The activations, each once, in a fixed order."""
    used = {stage.activation for stage in stages.all}
    return [function for function in FLOAT_USES if function in used]


def _uses(stages: Stages) -> set[str]:
    features = {
        "VALUES": len(stages.all) > 1,
        "STREAM": bool(stages.streamed),
        "MEAN": stages.has_mean,
        "HIDDEN": len(stages.dense) > 1,
    }
    return {name for name, is_used in features.items() if is_used}


def _macros(stages: Stages, memory: Memory) -> Macros:
    macros: Macros = {"STREAMED": len(stages.streamed), "LAYERS": len(stages.all)}
    if stages.all[:-1]:
        macros["LINES"] = max(map(rows_read, stages.all[:-1]))
    if memory.mean is not None:
        height, width, channels = stages.streamed[-1].out_shape
        macros |= {"MEAN_START": memory.mean.start, "MEAN_CHANNELS": channels, "MEAN_PIXELS": height * width}
    return macros


def _mean_macros(mean: QuantizedMean | None) -> Macros:
    if mean is None:
        return {}
    levels: Macros = {"MEAN_IN_ZERO": mean.input.zero, "MEAN_ZERO": mean.output.zero}
    return levels | {"MEAN_MULTIPLIER": mean.multiplier, "MEAN_SHIFT": mean.shift}


def _first(first_line: str, macros: Macros, uses: set[str], is_short: bool) -> Iterable[str]:
    """What precedes the structures and arrays."""
    values = {name: f"({value})" if str(value).startswith("-") else value for name, value in macros.items()}
    yield f'/* {first_line} */\n#include "lenet.h"\n'
    yield text.source("rom.c", uses)
    yield "".join(f"#define {name} {value}\n" for name, value in values.items())
    yield f"typedef {'int16_t' if is_short else 'int32_t'} extent;\n"


def _arrays(parts: Mapping[str, NDArray[Any]], number: int, name: str) -> str:
    definitions = [text.array(f"{part}_{number}", values) for part, values in parts.items()]
    return "\n".join([f"/* {text.commented(name)} */", *definitions])


def _is_short(stages: Stages, memory: Memory) -> bool:
    """Whether all sizes fit into 16 bits."""
    sizes = [max(*stage.in_shape, *stage.out_shape, stage.kernel, stage.padding) for stage in stages.all]
    return max(memory.size, *sizes) <= LARGEST_SHORT


def _sizes(stages: Stages, memory: Memory, number: int) -> tuple[int, ...]:
    """The members of `struct layer` from height to is_average."""
    stage, source, target = stages.all[number], memory.inputs[number], memory.outputs[number]
    places = (source.start, source.rows, target.start, target.rows)
    shape = (stage.kernel, stage.padding, stage.window, int(stage.pooling == "avg"))
    return (*stage.in_shape, *places, *stage.out_shape, *shape)


def _table(rows: Iterable[Row]) -> str:
    lines = "\n".join(f"    {{{', '.join(map(str, row))}}}," for row in rows)
    return f"static const struct layer layers[LAYERS] LENET_ROM = {{\n{lines}\n}};\n"


def _macro(function: str | None) -> str:
    return function.upper().replace("-", "_") if function else "0"
