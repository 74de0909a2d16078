"""The messages of an ONNX file as bytes: tensors, nodes, the graph, the model. Field numbers are those of onnx.proto.

The file has opset 12 and IR version 7, of 2020: every later runtime reads them, and so do OpenCV 4, Windows ML and most
converters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.deploy.onnx.protobuf import data, integer, real, text

OPSET, IR_VERSION = 12, 7
FLOAT, INT64 = 1, 7  # TensorProto.DataType

Attribute: TypeAlias = int | float | Sequence[int]
Dimensions: TypeAlias = Sequence[int | str]  # a name for one that is only known when the network runs


@dataclass
class Graph:
    """A graph under construction.

    Attributes:
        name: of the graph.
        nodes: the nodes as bytes, in the order in which they are computed.
        tensors: the constants as bytes.
        inputs: what is given, as bytes.
        outputs: what is computed, as bytes.
    """

    name: str
    nodes: list[bytes] = field(default_factory=list)
    tensors: list[bytes] = field(default_factory=list)
    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)

    def constant(self, name: str, array: NDArray[np.float32] | float) -> str:
        """Add a constant, stored as float32, and return its name."""
        self._add_tensor(name, FLOAT, np.asarray(array, "<f4"))
        return name

    def shape(self, name: str, sizes: Sequence[int]) -> str:
        """Add the second input of a Reshape, in which one size may be -1, and return its name."""
        self._add_tensor(name, INT64, np.asarray(sizes, "<i8"))
        return name

    def node(self, operation: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> str:
        """Add a node, whose name is that of its output, and return this name."""
        parts = [text(1, name) for name in inputs]
        parts += [text(2, output), text(3, output), text(4, operation)]
        parts += [data(5, _attribute(name, value)) for name, value in sorted(attributes.items())]
        self.nodes.append(b"".join(parts))
        return output

    def add_input(self, name: str, dimensions: Dimensions, description: str) -> str:
        """Add an input of the graph, float32, and return its name."""
        self.inputs.append(_value(name, dimensions, description))
        return name

    def add_output(self, name: str, dimensions: Dimensions, description: str) -> None:
        """Declare the output of a node as an output of the graph, float32."""
        self.outputs.append(_value(name, dimensions, description))

    def to_model(self, producer: tuple[str, str], description: str, metadata: Mapping[str, str]) -> bytes:
        """Return the content of the file.

        Args:
            producer: name and version of the program that makes it.
            description: for people who look into the file.
            metadata: texts by name, for programs that use the file.
        """
        graph = [data(1, node) for node in self.nodes]
        graph += [text(2, self.name), *(data(5, tensor) for tensor in self.tensors)]
        graph += [*(data(11, value) for value in self.inputs), *(data(12, value) for value in self.outputs)]
        parts = [integer(1, IR_VERSION), text(2, producer[0]), text(3, producer[1]), text(6, description)]
        parts += [data(7, b"".join(graph)), data(8, text(1, "") + integer(2, OPSET))]
        parts += [data(14, text(1, name) + text(2, value)) for name, value in metadata.items()]
        return b"".join(parts)

    def _add_tensor(self, name: str, kind: int, values: NDArray[Any]) -> None:
        shape = b"".join(integer(1, size) for size in values.shape)
        self.tensors.append(shape + integer(2, kind) + text(8, name) + data(9, values.tobytes()))


def _attribute(name: str, value: Attribute) -> bytes:
    """An AttributeProto: its name, its value in the field of its type, and the number of the type."""
    if isinstance(value, float):
        return text(1, name) + real(2, value) + integer(20, 1)
    if isinstance(value, int):
        return text(1, name) + integer(3, value) + integer(20, 2)
    return text(1, name) + b"".join(integer(8, number) for number in value) + integer(20, 7)


def _value(name: str, dimensions: Dimensions, description: str) -> bytes:
    """A ValueInfoProto: name, type and shape of an input or output."""
    sizes = (integer(1, size) if isinstance(size, int) else text(2, size) for size in dimensions)
    shape = b"".join(data(1, size) for size in sizes)
    tensor = integer(1, FLOAT) + data(2, shape)
    return text(1, name) + data(2, data(1, tensor)) + text(3, description)
