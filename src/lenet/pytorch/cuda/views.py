"""A module whose parameters are views of a vector on the device."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lenet.networks import Network
from lenet.networks.layers import Shape
from lenet.networks.network import split


class Views:
    """The parameters of a module, and the running statistics of a Network, as parts of one vector.

    Args:
        module: the network, on its device.
        network: the Network that the module computes, if it does.

    Attributes:
        shapes: of the parts by name, in the order of the vector.
        initial: the vector of the module as it is, (num_values,), a copy.
        num_parameters: how many numbers at its beginning are learned.
        buffers: what the module holds beside the vector, by name.
    """

    def __init__(self, module: nn.Module, network: Network | None) -> None:
        parameters = dict(module.named_parameters())
        tensors = parameters | dict(module.named_buffers())
        if network is None:
            self.shapes: Mapping[str, Shape] = {name: tuple(each.shape) for name, each in parameters.items()}
            self.buffers = {name: buffer for name, buffer in module.state_dict().items() if name not in self.shapes}
        else:
            self.shapes = network.architecture.tensor_shapes
            self.buffers = {}
        self._parts = [tensors[name] for name in self.shapes]
        self.initial = torch.cat([part.detach().reshape(-1) for part in self._parts])
        self.num_parameters = sum(parameter.numel() for parameter in parameters.values())

    def keep(self) -> None:
        """Copy what a step changes beside the vector, for `go_back`: the buffers, and the random state, of nn.Dropout say."""
        self._kept = {name: buffer.clone() for name, buffer in self.buffers.items()}
        is_gpu = self.initial.device.type == "cuda"
        self._random_state = torch.cuda.get_rng_state(self.initial.device) if is_gpu else torch.get_rng_state()

    def go_back(self) -> None:
        """Set these back to what they were at the last `keep`."""
        for name, buffer in self._kept.items():
            self.buffers[name].copy_(buffer)
        if self.initial.device.type == "cuda":
            torch.cuda.set_rng_state(self._random_state, self.initial.device)
        else:
            torch.set_rng_state(self._random_state)

    def point_to(self, vector: Tensor) -> None:
        """Make the module compute with a vector (num_values,), whose memory it shares."""
        for part, view in zip(self._parts, split(vector, self.shapes).values(), strict=True):
            part.data = view
