"""The table of a network's layers: output shape, parameters, multiply-adds, memory. Nothing is allocated."""

import math
from dataclasses import dataclass

from lenet.networks.layers import Shape
from lenet.networks.network import Architecture

BYTES = 4  # of a float32 number


@dataclass(frozen=True)
class Row:
    """One line of the table, for one image.

    Attributes:
        name: the layer's class in torch.nn.
        output_shape: without the dimension of the batch.
        num_parameters: that this layer learns.
        multiply_adds: multiplications that are added up; activations, normalization and pooling have none.
    """

    name: str
    output_shape: Shape
    num_parameters: int
    multiply_adds: int

    @property
    def parameter_bytes(self) -> int:
        """Memory of the parameters in float32."""
        return BYTES * self.num_parameters

    @property
    def output_bytes(self) -> int:
        """Memory of the output for one image in float32."""
        return BYTES * math.prod(self.output_shape)


def rows(architecture: Architecture) -> list[Row]:
    """Return a row for each layer, in order."""
    return [
        Row(layer.kind, shape, sum(map(math.prod, layer.parameter_shapes.values())), multiply_adds)
        for layer, shape, multiply_adds in zip(
            architecture.layers, architecture.output_shapes, architecture.multiply_adds, strict=True
        )
    ]


def total(table: list[Row]) -> Row:
    """Return the sums over all layers."""
    return Row("total", (), sum(row.num_parameters for row in table), sum(row.multiply_adds for row in table))
