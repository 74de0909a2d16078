"""The output of every layer of a network, computed by its modules."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.data.dataset import Images
from lenet.engines.memory import in_chunks
from lenet.images.preprocess import Preprocessing
from lenet.networks.layers import Flatten, Layer
from lenet.pytorch.tensors import of_images, to_input

EVALUATION_BATCH = 1000  # images; keeps the activations of an evaluation at a few megabytes


def layer_outputs(
    module: nn.Module, layers: Sequence[Layer], images: Images, preprocessing: Preprocessing, device: str
) -> list[NDArray[np.float32]]:
    """Return the output of every layer, (N, *shape) each.

    Args:
        module: the network, in evaluation mode; its submodules have the names of the layers.
        layers: of the network.
        images: uint8 (N, height, width).
        preprocessing: how images become the network's input.
        device: where the module is.
    """
    modules = [nn.Flatten() if isinstance(layer, Flatten) else module.get_submodule(layer.name) for layer in layers]

    def compute(chunk: Tensor) -> list[Tensor]:
        values = to_input(chunk.to(device), preprocessing)
        outputs = []
        for each in modules:
            values = each(values)
            outputs.append(values.cpu())
        return outputs

    parts = in_chunks(compute, of_images(images), EVALUATION_BATCH)
    return [torch.cat(outputs).contiguous().numpy() for outputs in zip(*parts, strict=True)]
