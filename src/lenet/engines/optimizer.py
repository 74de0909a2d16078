"""SGD, Adam and AdamW over one vector of weights, which the engines share: its state, and its formulas in PyTorch."""

import torch
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.engines.memory import SAVING, memory_explained


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
            parameters, self._views(self.weights), self._views(self.gradient), strict=True
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
        state = {"step": torch.tensor(self.num_steps)}
        for key, moment in self.moments.items():
            state |= {f"{name}.{key}": view for name, view in zip(self.names, self._views(moment), strict=True)}
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""
        self.num_steps = int(state["step"])
        for key, moment in self.moments.items():
            for name, view in zip(self.names, self._views(moment), strict=True):
                view.copy_(state[f"{name}.{key}"])

    def _views(self, vector: Tensor) -> list[Tensor]:
        """The parts of a vector `(num_parameters,)` in the shapes of the parameters, sharing its memory."""
        parts = vector.split([shape.numel() for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]


def state_of(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """The state of an engine, in the one form that all engines read and write. Raises EngineError if it finds no room."""
    with memory_explained(
        optimizer.weights.device, SAVING, "copying the weights into the machine's memory, to be saved"
    ):
        return _copied(model, optimizer)


def _copied(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    state = {f"model.{name}": weights for name, weights in model.state_dict().items()}
    state |= {f"optimizer.{name}": value for name, value in optimizer.state_dict().items()}
    # Copied by NumPy: PyTorch would wake its threads for 48,000 numbers, and wait for them where cores are shared.
    return {name: torch.from_numpy(value.detach().cpu().numpy().copy()) for name, value in state.items()}


def load_state(model: nn.Module, optimizer: Optimizer, state: dict[str, Tensor]) -> None:
    """The inverse of `state_of`."""
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}}
    for name, value in state.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = value
    model.load_state_dict(parts["model"])
    optimizer.load_state_dict(parts["optimizer"])
