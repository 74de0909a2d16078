"""SGD, Adam and AdamW in PyTorch over all weights as one vector: the specification for every other engine.

The vector of a Network ends with its running statistics. A step leaves them alone; the average is taken of them too.
"""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.engines.optimizer import BETA1, BETA2, EPSILON, Array, average_share, moment_names
from lenet.networks import Network
from lenet.networks.layers import Shape
from lenet.networks.network import split


class TorchOptimizer:
    """SGD, Adam and AdamW as PyTorch's torch.optim computes them.

    The module's parameters, and the running statistics of a Network, become views of `weights`, the gradients views of
    `gradient`, both (num_values,), so that a step is a handful of vector operations. (Making a torch.optim optimiser imports
    PyTorch's compiler, which takes over a second, and each of its steps goes through all parameters in Python.)

    SGD with momentum: Sutskever et al., 2013. Adam: Kingma and Ba, 2015. AdamW: Loshchilov and Hutter, 2019.

    Args:
        module: the network, on its device.
        config: the settings.
        network: the Network that the module computes, if it does: on the CPU, its memory is that of `weights`.
    """

    def __init__(self, module: nn.Module, config: TrainConfig, network: Network | None = None) -> None:
        self.config = config
        parameters = dict(module.named_parameters())
        tensors = parameters | dict(module.named_buffers())
        if network is None:
            self.shapes: Mapping[str, Shape] = {name: tuple(each.shape) for name, each in parameters.items()}
            self.weights = nn.utils.parameters_to_vector(parameters.values()).detach()
        else:
            self.shapes = network.architecture.tensor_shapes
            self.weights = torch.from_numpy(network.weights).to(next(module.parameters()).device)
        self._parts = [tensors[name] for name in self.shapes]
        self.gradient = torch.zeros_like(self.weights)
        self._point_to(self.weights)
        gradients = self.by_name(self.gradient)
        for name, parameter in parameters.items():
            parameter.grad = gradients[name]
        self.num_steps = 0
        self.moments = {name: torch.zeros_like(self.weights) for name in moment_names(config)}
        self.average = self.weights.clone() if config.ema is not None else None
        num_parameters = sum(parameter.numel() for parameter in parameters.values())
        self.statistics = self.weights[num_parameters:]  # (num_values - num_parameters,)
        # What a step changes, (num_parameters,) each, sharing the memory of the vectors above.
        self._learned, self._gradient = self.weights[:num_parameters], self.gradient[:num_parameters]
        self._moments = {name: moment[:num_parameters] for name, moment in self.moments.items()}

    def step(self, rate: float) -> None:
        """Move the weights by the gradient at this learning rate."""
        self.num_steps += 1
        if self.config.clip_norm is not None:
            self._clip(self.config.clip_norm)
        gradient, config = self._gradient, self.config
        if config.optimizer == "adamw":
            self._learned.mul_(1 - rate * config.weight_decay)
        elif config.weight_decay:
            gradient = gradient.add(self._learned, alpha=config.weight_decay)
        if config.optimizer == "sgd":
            self._sgd(gradient, rate)
        else:
            self._adam(gradient, rate)
        if self.average is not None:
            self.average.lerp_(self.weights, average_share(config, self.num_steps))

    def _clip(self, most: float) -> None:
        """Scales a gradient whose norm is above `most` down to it, as torch.nn.utils.clip_grad_norm_ does."""
        self._gradient.mul_((most / (self._gradient.norm() + 1e-6)).clamp(max=1.0))

    def _sgd(self, gradient: Tensor, rate: float) -> None:
        if self.config.momentum:
            velocity = self._moments["momentum_buffer"].mul_(self.config.momentum).add_(gradient)
            nesterov = self.config.nesterov
            gradient = gradient.add(velocity, alpha=self.config.momentum) if nesterov else velocity
        self._learned.sub_(gradient, alpha=rate)

    def _adam(self, gradient: Tensor, rate: float) -> None:
        mean = self._moments["exp_avg"].lerp_(gradient, 1 - BETA1)
        square = self._moments["exp_avg_sq"].mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        bias1, bias2 = 1 - BETA1**self.num_steps, 1 - BETA2**self.num_steps
        self._learned.addcdiv_(mean, square.sqrt().div_(bias2**0.5).add_(EPSILON), value=-rate / bias1)

    def keep_statistics(self, before: Tensor, loss: Tensor) -> None:
        """Set the running statistics back to what they were before a step, (number,), whose loss is NaN or infinite."""
        self.statistics.copy_(torch.where(loss.isfinite(), self.statistics, before))

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """The module computes with the averaged weights meanwhile, if there are any."""
        if self.average is None:
            yield
            return
        self._point_to(self.average)
        try:
            yield
        finally:
            self._point_to(self.weights)

    def _point_to(self, vector: Tensor) -> None:
        for part, view in zip(self._parts, self.by_name(vector).values(), strict=True):
            part.data = view

    def by_name(self, vector: Tensor) -> dict[str, Tensor]:
        """Return the parts of a vector (num_values,) in their shapes, sharing its memory."""
        return split(vector, self.shapes)

    def arrays(self) -> dict[str, Array]:
        """Return `weights`, the moments and `average` as NumPy arrays; on the CPU without a copy."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self._tensors().items()}

    def assign(self, arrays: Mapping[str, Array], num_steps: int) -> None:
        """Set all of these, and the number of steps."""
        for name, tensor in self._tensors().items():
            tensor.copy_(torch.from_numpy(arrays[name]))
        self.num_steps = num_steps

    def _tensors(self) -> dict[str, Tensor]:
        average = {} if self.average is None else {"average": self.average}
        return {"weights": self.weights, **self.moments, **average}
