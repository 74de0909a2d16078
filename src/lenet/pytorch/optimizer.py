"""SGD, Adam and AdamW in PyTorch over all weights as one vector: the specification for every other engine."""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.engines.optimizer import BETA1, BETA2, EPSILON, Array, average_share, moment_names
from lenet.networks.layers import Shape
from lenet.networks.network import split


class TorchOptimizer:
    """SGD, Adam and AdamW as PyTorch's torch.optim computes them.

    The module's parameters become views of `weights`, their gradients views of `gradient`, both (num_parameters,), so that a
    step is a handful of vector operations. (Making a torch.optim optimiser imports PyTorch's compiler, which takes over a
    second, and each of its steps goes through all parameters in Python.)

    SGD with momentum: Sutskever et al., 2013. Adam: Kingma and Ba, 2015. AdamW: Loshchilov and Hutter, 2019.

    Args:
        module: the network, on its device.
        config: the settings.
        weights: the vector that holds the module's parameters already, if they share one.
    """

    def __init__(self, module: nn.Module, config: TrainConfig, weights: Tensor | None = None) -> None:
        self.config = config
        parameters = dict(module.named_parameters())
        self.shapes: Mapping[str, Shape] = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
        self.weights = nn.utils.parameters_to_vector(parameters.values()).detach() if weights is None else weights
        self.gradient = torch.zeros_like(self.weights)
        for parameter, view, gradient in zip(
            parameters.values(), self.by_name(self.weights).values(), self.by_name(self.gradient).values(), strict=True
        ):
            parameter.data, parameter.grad = view, gradient
        self.parameters = list(parameters.values())
        self.num_steps = 0
        self.moments = {name: torch.zeros_like(self.weights) for name in moment_names(config)}
        self.average = self.weights.clone() if config.ema is not None else None

    def step(self, rate: float) -> None:
        """Move the weights by the gradient at this learning rate."""
        self.num_steps += 1
        if self.config.clip_norm is not None:
            self._clip(self.config.clip_norm)
        gradient, config = self.gradient, self.config
        if config.optimizer == "adamw":
            self.weights.mul_(1 - rate * config.weight_decay)
        elif config.weight_decay:
            gradient = gradient.add(self.weights, alpha=config.weight_decay)
        if config.optimizer == "sgd":
            self._sgd(gradient, rate)
        else:
            self._adam(gradient, rate)
        if self.average is not None:
            self.average.lerp_(self.weights, average_share(config, self.num_steps))

    def _clip(self, most: float) -> None:
        """Scales a gradient whose norm is above `most` down to it, as torch.nn.utils.clip_grad_norm_ does."""
        self.gradient.mul_((most / (self.gradient.norm() + 1e-6)).clamp(max=1.0))

    def _sgd(self, gradient: Tensor, rate: float) -> None:
        if self.config.momentum:
            velocity = self.moments["momentum_buffer"].mul_(self.config.momentum).add_(gradient)
            nesterov = self.config.nesterov
            gradient = gradient.add(velocity, alpha=self.config.momentum) if nesterov else velocity
        self.weights.sub_(gradient, alpha=rate)

    def _adam(self, gradient: Tensor, rate: float) -> None:
        mean = self.moments["exp_avg"].lerp_(gradient, 1 - BETA1)
        square = self.moments["exp_avg_sq"].mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        bias1, bias2 = 1 - BETA1**self.num_steps, 1 - BETA2**self.num_steps
        self.weights.addcdiv_(mean, square.sqrt().div_(bias2**0.5).add_(EPSILON), value=-rate / bias1)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """The module's parameters are the averaged weights meanwhile, if there are any."""
        if self.average is None:
            yield
            return
        self._point_to(self.average)
        try:
            yield
        finally:
            self._point_to(self.weights)

    def _point_to(self, vector: Tensor) -> None:
        for parameter, view in zip(self.parameters, self.by_name(vector).values(), strict=True):
            parameter.data = view

    def by_name(self, vector: Tensor) -> dict[str, Tensor]:
        """Return the parts of a vector (num_parameters,) in the shapes of the parameters, sharing its memory."""
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
