"""Optimisers of torch.optim, and the plain SGD of `train_ch6`, for lenet's engine and for PyTorch.

The state of a torch.optim optimiser goes into the engine before its first step and comes back after its last, so a second
training continues with its momenta, and so do steps by PyTorch.
"""

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from lenet.engines.cpu import CpuEngine
from lenet.engines.optimizer import BETA1, BETA2, EPSILON
from lenet.errors import ConfigError, EngineError

KINDS = {"SGD": "sgd", "Adam": "adam", "AdamW": "adamw"}
# The settings of torch.optim with which the engine computes.
PLAIN: dict[str, Any] = {
    "dampening": 0,
    "maximize": False,
    "differentiable": False,
    "capturable": False,
    "amsgrad": False,
    "betas": (BETA1, BETA2),
    "eps": EPSILON,
}


class Rule(Protocol):
    """An optimiser as training steps need it."""

    def settings(self, net: nn.Module) -> dict[str, Any]:
        """Return the fields of TrainConfig for it.

        Raises:
            EngineError: if the engine cannot compute it.
        """

    def optimizer(self) -> torch.optim.Optimizer:
        """Return the optimiser of torch.optim."""

    def load(self, engine: CpuEngine, net: nn.Module) -> None:
        """Copy the optimiser's state into the engine."""

    def save(self, engine: CpuEngine, net: nn.Module) -> None:
        """Copy the engine's state back into the optimiser."""


class PlainSgd:
    """SGD without momentum on all weights.

    It has no state, and imports torch.optim, which takes two seconds, only if PyTorch computes.

    Args:
        net: the network whose weights it changes.
        learning_rate: of every step.
    """

    def __init__(self, net: nn.Module, learning_rate: float) -> None:
        self.net, self.learning_rate = net, learning_rate

    def settings(self, net: nn.Module) -> dict[str, Any]:
        return _settings("sgd", self.learning_rate)

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.net.parameters(), lr=self.learning_rate)

    def load(self, engine: CpuEngine, net: nn.Module) -> None:
        pass

    def save(self, engine: CpuEngine, net: nn.Module) -> None:
        pass


class TorchOptim:
    """A user's optimiser of torch.optim.

    Args:
        optimizer: the optimiser.
        net: the network to train.

    Raises:
        ConfigError: if it is no optimiser, or has none of the network's weights.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, net: nn.Module) -> None:
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise ConfigError(f"the optimiser is a {type(optimizer).__name__}; expected one of torch.optim")
        self.theirs = optimizer
        moved = {id(weights) for group in optimizer.param_groups for weights in group["params"]}
        if moved.isdisjoint({id(weights) for weights in net.parameters()}):
            raise ConfigError(
                "the optimiser has none of this network's weights",
                hint="make it after the network: torch.optim.SGD(net.parameters(), lr=…)",
            )

    def optimizer(self) -> torch.optim.Optimizer:
        return self.theirs

    def settings(self, net: nn.Module) -> dict[str, Any]:
        theirs = self.theirs
        name = type(theirs).__name__
        if name not in KINDS or type(theirs) is not getattr(torch.optim, name):
            raise EngineError(f"the CPU kernels compute SGD, Adam and AdamW of torch.optim; the optimiser is {name}")
        if theirs._optimizer_step_pre_hooks or theirs._optimizer_step_post_hooks or "step" in vars(theirs):
            raise EngineError("the CPU kernels compute optimisers without hooks or schedulers on their steps")
        if len(theirs.param_groups) != 1:
            raise EngineError(
                f"the CPU kernels compute one group of weights; the optimiser has {len(theirs.param_groups)}"
            )
        (group,) = theirs.param_groups
        if {id(weights) for weights in group["params"]} != {id(weights) for weights in net.parameters()}:
            raise EngineError("the CPU kernels train all weights of a network; the optimiser has others")
        for key, plain in PLAIN.items():
            value = group.get(key, plain)
            if isinstance(value, Tensor) or value != plain:
                raise EngineError(f"the CPU kernels compute {name} with {key} {plain}; here it is {value}")
        if isinstance(group["lr"], Tensor) or group.get("decoupled_weight_decay", False) != (name == "AdamW"):
            raise EngineError(f"the CPU kernels cannot compute {name} with these settings")
        if name != "SGD" and len({self._step(weights) for weights in group["params"]}) > 1:
            raise EngineError("the CPU kernels need weights that have taken the same number of steps")
        momentum, nesterov = group.get("momentum", 0.0), group.get("nesterov", False)
        return _settings(KINDS[name], group["lr"], momentum, nesterov, group["weight_decay"])

    def load(self, engine: CpuEngine, net: nn.Module) -> None:
        state = engine.state_dict()
        for name, weights in net.named_parameters():
            state["optimizer.step"] = np.array(self._step(weights))
            for key in engine.optimizer.moments:
                moment = self.theirs.state.get(weights, {}).get(key)
                if moment is not None:
                    state[f"optimizer.{name}.{key}"] = moment.numpy()
        engine.load_state_dict(state)

    def save(self, engine: CpuEngine, net: nn.Module) -> None:
        optimizer = engine.optimizer
        if not optimizer.moments or optimizer.num_steps == 0:
            return
        state = engine.state_dict()
        for name, weights in net.named_parameters():
            own = self.theirs.state[weights]
            own.update({key: torch.from_numpy(state[f"optimizer.{name}.{key}"].copy()) for key in optimizer.moments})
            if "exp_avg" in optimizer.moments:
                own["step"] = torch.tensor(float(optimizer.num_steps))

    def _step(self, weights: Tensor) -> int:
        """The number of steps that Adam has taken with these weights."""
        return int(self.theirs.state.get(weights, {}).get("step", 0))


def _settings(
    kind: str, learning_rate: float, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
) -> dict[str, Any]:
    return {
        "optimizer": kind,
        "learning_rate": learning_rate,
        "momentum": momentum,
        "nesterov": nesterov,
        "weight_decay": weight_decay,
        "schedule": "constant",
    }
