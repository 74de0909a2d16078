"""The table of a network's layers: output shape, parameters, multiply-adds, memory.

Computed on PyTorch's meta device, which knows shapes but holds no numbers: a layer of 768 million parameters costs
nothing.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lenet.errors import ModelError
from lenet.models import build

BYTES = 4  # of an fp32 number


@dataclass(frozen=True)
class Layer:
    """One line of the table. `output_shape` is for one picture; sizes are in fp32."""

    name: str
    output_shape: tuple[int, ...]
    num_parameters: int
    multiply_adds: int

    @property
    def parameter_bytes(self) -> int:
        return BYTES * self.num_parameters

    @property
    def output_bytes(self) -> int:
        return BYTES * int(torch.Size(self.output_shape).numel())


def layers(name: str, in_channels: int = 1, input_size: tuple[int, int] = (28, 28), **arguments: Any) -> list[Layer]:
    """The layers of a model by name, in the order in which a picture of shape (in_channels, *input_size) meets them."""
    with torch.device("meta"):
        model = build(name, in_channels=in_channels, input_size=input_size, **arguments)
        picture = torch.empty(1, in_channels, *input_size)
    return layers_of(model, picture)


def layers_of(model: nn.Module, picture: Tensor) -> list[Layer]:
    """The layers of any module; `picture` is one input, of shape (1, channels, height, width)."""
    table: list[Layer] = []

    def record(layer: nn.Module, inputs: Any, output: Tensor) -> None:
        table.append(
            Layer(
                type(layer).__name__,
                tuple(output.shape),
                sum(p.numel() for p in layer.parameters()),
                _multiply_adds(layer, output),
            )
        )

    leaves = [layer for layer in model.modules() if not list(layer.children())]
    hooks = [leaf.register_forward_hook(record) for leaf in leaves]
    try:
        with torch.inference_mode():
            model(picture)
    finally:
        for hook in hooks:
            hook.remove()
    return table


def _multiply_adds(layer: nn.Module, output: Tensor) -> int:
    """Multiplications that are added up, for one picture; activations and pooling have none."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        return output.numel() * layer.weight[0].numel()
    return 0


def total(table: list[Layer]) -> Layer:
    """The sums over all layers."""
    return Layer("total", (), sum(layer.num_parameters for layer in table), sum(layer.multiply_adds for layer in table))


def parse_input(text: str) -> tuple[int, int, int]:
    """(channels, height, width) of a text such as 3x64x64, or 28x28 for one channel."""
    try:
        numbers = [int(part) for part in text.lower().replace("×", "x").split("x")]
    except ValueError:
        numbers = []
    if len(numbers) == 2:
        numbers = [1, *numbers]
    if len(numbers) != 3 or min(numbers) < 1:
        raise ModelError(f"the input {text!r} is no picture size", hint="give CHANNELSxHEIGHTxWIDTH, such as 1x28x28")
    return numbers[0], numbers[1], numbers[2]


def in_bytes(number: int) -> str:
    """A number of bytes for people, in powers of 1000: 3.07 GB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return f"{number} B"
