"""Where the values of every stage lie in the work memory.

The maps of the streamed stages are rings of rows: as many as the next stage reads at once, so none is held whole except the
last one, which is the first dense stage's input. The dense stages write where nothing is needed any more.
"""

import math
from dataclasses import dataclass

from lenet.deploy.c.stages import Stage, Stages


@dataclass(frozen=True)
class Area:
    """A part of the work memory.

    Attributes:
        start: of its first value, counted in values.
        rows: how many rows of the map it holds; 0 for the image, which the caller holds.
        size: how many values it holds.
    """

    start: int
    rows: int
    size: int

    @property
    def stop(self) -> int:
        """Behind its last value."""
        return self.start + self.size


@dataclass(frozen=True)
class Memory:
    """The work memory of a network.

    Attributes:
        inputs: where each stage's input lies.
        outputs: where each stage's output lies; the last one's, the logits, lies nowhere.
        mean: where the mean over all pixels lies, if there is one.
        size: how many values it has.
    """

    inputs: tuple[Area, ...]
    outputs: tuple[Area, ...]
    mean: Area | None
    size: int


NOWHERE = Area(0, 0, 0)


def laid_out(stages: Stages) -> Memory:
    """Return the work memory of a network."""
    inputs, outputs = [], []
    area, end = NOWHERE, 0
    for number, stage in enumerate(stages.streamed):
        inputs.append(area)
        height = stage.out_shape[0]
        held = 1 if stages.has_mean else height
        if number < len(stages.streamed) - 1:
            held = rows_read(stages.streamed[number + 1])
        rows = min(height, held)
        area = Area(end, rows, rows * math.prod(stage.out_shape[1:]))
        end = area.stop
        outputs.append(area)
    mean = None
    if stages.has_mean:
        mean = area = Area(end, 1, stages.streamed[-1].out_shape[2])
        end = area.stop
    for stage in stages.dense:
        inputs.append(Area(area.start, 1 if area.size else 0, area.size))
        if stage is stages.dense[-1]:
            outputs.append(NOWHERE)
            break
        size = stage.out_shape[2]
        area = Area(0 if size <= area.start else area.stop, 1, size)
        end = max(end, area.stop)
        outputs.append(area)
    return Memory(tuple(inputs), tuple(outputs), mean, end)


def rows_read(stage: Stage) -> int:
    """How many rows of its input a row of a stage's output needs."""
    return stage.kernel + stage.window - 1
