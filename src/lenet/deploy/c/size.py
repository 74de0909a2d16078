"""How many bytes of flash and RAM a C source takes."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from lenet.deploy.c.quantization import Quantized
from lenet.deploy.c.stages import Stages

POINTER = 4  # bytes, on the processors that such sources are for

STACK, CLASSIFY_STACK = 500, 200  # bytes, at most: of lenet_predict, and what lenet_classify adds; gcc -Os -m32

# Bytes of code on a Cortex-M4, as clang -Os makes it, by what of source/ a network uses; a test compiles such networks.
FLOAT_CODE = {"": 382, "VALUES": 412, "STREAM": 550, "MEAN": 90, "EXP": 290, "LEAKY_RELU": 40}
INT8_CODE = {"": 404, "VALUES": 552, "STREAM": 332, "MEAN": 150, "TABLES": 230, "LEAKY_RELU": 30}


@dataclass(frozen=True)
class Flash:
    """Bytes of flash memory.

    Attributes:
        constants: weights and tables, the same for every compiler where pointers have 4 bytes.
        code: instructions, about as many as clang -Os makes for a Cortex-M4.
    """

    constants: int
    code: int

    @property
    def total(self) -> int:
        """All bytes."""
        return self.constants + self.code


def float_flash(stages: Stages, uses: Collection[str], is_short: bool) -> Flash:
    """Return the flash memory of a source in float; `is_short` says whether sizes take 2 bytes or 4."""
    arrays = sum(4 * (stage.weight.size + stage.bias.size) for stage in stages.all)
    structure = _aligned(2 * POINTER + 13 * (2 if is_short else 4) + 2)
    return Flash(arrays + structure * len(stages.all), _code(FLOAT_CODE, uses))


def int8_flash(network: Quantized, uses: Collection[str], is_short: bool) -> Flash:
    """Return the flash memory of a source in integers; `is_short` says whether sizes take 2 bytes or 4."""
    arrays = sum(
        entry.weight.nbytes
        + entry.bias.nbytes
        + entry.multiplier.nbytes
        + (0 if entry.thresholds is None else entry.thresholds.nbytes)
        for entry in network.quantized
    )
    pointers = 3 + ("TABLES" in uses)
    structure = _aligned(pointers * POINTER + 8 + 13 * (2 if is_short else 4) + 3)
    return Flash(arrays + structure * len(network.quantized), _code(INT8_CODE, uses))


def _code(table: dict[str, int], uses: Collection[str]) -> int:
    return sum(size for name, size in table.items() if not name or name in uses)


def _aligned(size: int) -> int:
    return math.ceil(size / POINTER) * POINTER
