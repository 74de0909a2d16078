"""SGD, Adam and AdamW over one vector of weights, which the engines share: its state, and its formulas in PyTorch."""

import torch
from torch import Tensor, nn

from lenet.config import TrainConfig


class Optimizer:
    """SGD, Adam and AdamW as PyTorch's torch.optim computes them, over all weights as one vector.

    The parameters of the model become views of `weights`, their gradients views of `gradient`, both `(num_parameters,)`, so
    that a step is a handful of vector operations. (Making a torch.optim optimiser imports PyTorch's compiler, which takes
    over a second, and each of its steps goes through all parameters in Python.)

    SGD with momentum: Sutskever et al., 2013. Adam: Kingma and Ba, 2015. AdamW: Loshchilov and Hutter, 2019.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        self.config = config
        self.names = [name for name, _ in model.named_parameters()]
        parameters = list(model.parameters())
        self.shapes = [parameter.shape for parameter in parameters]
        count = sum(parameter.numel() for parameter in parameters)
        self.weights, self.gradient = torch.zeros(2, count, dtype=parameters[0].dtype, device=parameters[0].device)
        for parameter, weights, gradient in zip(
            parameters, self.by_name(self.weights).values(), self.by_name(self.gradient).values(), strict=True
        ):
            weights.copy_(parameter.detach())
            parameter.data, parameter.grad = weights, gradient
        self.num_steps = 0
        uses = {"sgd": ("momentum_buffer",) if config.momentum else (), "adam": ("exp_avg", "exp_avg_sq")}
        uses["adamw"] = uses["adam"]
        self.moments = {key: torch.zeros_like(self.weights) for key in uses[config.optimizer]}

    def step(self, rate: float) -> None:
        """Moves the weights by the gradient at this learning rate."""
        self.num_steps += 1
        gradient, config = self.gradient, self.config
        if config.optimizer == "adamw":
            self.weights.mul_(1 - rate * config.weight_decay)
        elif config.weight_decay:
            gradient = gradient.add(self.weights, alpha=config.weight_decay)
        if config.optimizer == "sgd":
            self._sgd(gradient, rate)
        else:
            self._adam(gradient, rate)

    def _sgd(self, gradient: Tensor, rate: float) -> None:
        if self.config.momentum:
            velocity = self.moments["momentum_buffer"].mul_(self.config.momentum).add_(gradient)
            nesterov = self.config.nesterov
            gradient = gradient.add(velocity, alpha=self.config.momentum) if nesterov else velocity
        self.weights.sub_(gradient, alpha=rate)

    def _adam(self, gradient: Tensor, rate: float) -> None:
        mean = self.moments["exp_avg"].lerp_(gradient, 1 - self.BETA1)
        square = self.moments["exp_avg_sq"].mul_(self.BETA2).addcmul_(gradient, gradient, value=1 - self.BETA2)
        bias1, bias2 = 1 - self.BETA1**self.num_steps, 1 - self.BETA2**self.num_steps
        self.weights.addcdiv_(mean, square.sqrt().div_(bias2**0.5).add_(self.EPSILON), value=-rate / bias1)

    def state_dict(self) -> dict[str, Tensor]:
        """`step`, int64, and for each parameter its moments as `NAME.KEY`, with torch.optim's keys."""
        return self.named(self.num_steps, self.moments)

    def named(self, num_steps: int, moments: dict[str, Tensor]) -> dict[str, Tensor]:
        """The state_dict of an optimiser that stands there: so many steps, and such moments, `(num_parameters,)` each."""
        state = {"step": torch.tensor(num_steps)}
        for key, moment in moments.items():
            state |= {f"{name}.{key}": view for name, view in self.by_name(moment).items()}
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""
        self.num_steps = int(state["step"])
        for key, moment in self.moments.items():
            for name, view in self.by_name(moment).items():
                view.copy_(state[f"{name}.{key}"])

    def by_name(self, vector: Tensor) -> dict[str, Tensor]:
        """The parts of a vector `(num_parameters,)` in the shapes of the parameters, sharing its memory."""
        parts = vector.split([shape.numel() for shape in self.shapes])
        return {name: part.view(shape) for name, part, shape in zip(self.names, parts, self.shapes, strict=True)}
