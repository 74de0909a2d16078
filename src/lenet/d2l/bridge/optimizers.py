"""How the weights move: a torch.optim optimiser, or the plain SGD of `train_ch6`, as lenet's engine and PyTorch take it.

The state of a torch.optim optimiser goes into the engine before its first step and comes back after its last, so that
a second training goes on with its momenta, and so do steps by PyTorch. When a loss shows that the weights have broken,
`LastGood` has those from before."""

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from lenet.engines.cpu import CpuEngine
from lenet.engines.optimizer import BETA1, BETA2, EPSILON
from lenet.errors import ConfigError, EngineError

KINDS = {"SGD": "sgd", "Adam": "adam", "AdamW": "adamw"}
# What the engine takes for granted, by torch.optim's names.
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
    """What takes the steps needs of an optimiser."""

    def settings(self, net: nn.Module) -> dict[str, Any]:
        """The fields of TrainConfig. Raises EngineError for what the engine does not know."""

    def optimizer(self) -> torch.optim.Optimizer:
        """The same for PyTorch."""

    def load(self, engine: CpuEngine, net: nn.Module) -> None:
        """Puts the state into the engine."""

    def save(self, engine: CpuEngine, net: nn.Module) -> None:
        """Takes it back."""


class PlainSgd:
    """SGD without momentum on all weights: no state, and torch.optim, two seconds to import, only if PyTorch computes."""

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
    """An optimiser of the user's. Raises ConfigError for what is none, or one that moves none of the network's weights."""

    def __init__(self, optimizer: torch.optim.Optimizer, net: nn.Module) -> None:
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise ConfigError(f"the optimiser is a {type(optimizer).__name__}; expected one of torch.optim")
        self.theirs = optimizer
        moved = {id(weights) for group in optimizer.param_groups for weights in group["params"]}
        if moved.isdisjoint({id(weights) for weights in net.parameters()}):
            raise ConfigError(
                "the optimiser moves none of this network's weights",
                hint="make it after the network: torch.optim.SGD(net.parameters(), lr=…)",
            )

    def optimizer(self) -> torch.optim.Optimizer:
        return self.theirs

    def settings(self, net: nn.Module) -> dict[str, Any]:
        theirs = self.theirs
        name = type(theirs).__name__
        if name not in KINDS or type(theirs) is not getattr(torch.optim, name):
            raise EngineError(f"the CPU kernels know SGD, Adam and AdamW of torch.optim; the optimiser is {name}")
        if theirs._optimizer_step_pre_hooks or theirs._optimizer_step_post_hooks or "step" in vars(theirs):
            raise EngineError("the CPU kernels know optimisers without hooks or schedulers on their steps")
        if len(theirs.param_groups) != 1:
            raise EngineError(
                f"the CPU kernels know one group of weights; the optimiser has {len(theirs.param_groups)}"
            )
        (group,) = theirs.param_groups
        if {id(weights) for weights in group["params"]} != {id(weights) for weights in net.parameters()}:
            raise EngineError("the CPU kernels train all weights of a network; the optimiser has others")
        for key, plain in PLAIN.items():
            value = group.get(key, plain)
            if isinstance(value, Tensor) or value != plain:
                raise EngineError(f"the CPU kernels know {name} with {key} {plain}; here it is {value}")
        if isinstance(group["lr"], Tensor) or group.get("decoupled_weight_decay", False) != (name == "AdamW"):
            raise EngineError(f"the CPU kernels do not know {name} with these settings")
        if name != "SGD" and len({self._step(weights) for weights in group["params"]}) > 1:
            raise EngineError("the CPU kernels know weights that have taken the same number of steps")
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
        """How many steps Adam has taken with these weights."""
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
