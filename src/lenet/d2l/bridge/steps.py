"""The two ways to take the steps of an epoch: lenet's own kernels, and plain PyTorch for everything they do not know.

    steps = choose_steps(net, train_iter, loss, rule, device)
    with steps:
        for tally in steps.epoch():  # every fifth of an epoch
            print(tally.done, tally.loss)

Both take the same batches in the same order and make the same steps, to the last digits that rounding leaves.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.d2l.bridge.evaluation import LOOKED_AT, moved, no_batches, outputs, pair
from lenet.d2l.bridge.optimizers import LastGood, Rule, Stateful
from lenet.d2l.bridge.shape_errors import misfit
from lenet.d2l.names.iterators import BatchIterator
from lenet.d2l.names.measuring import accuracy, number
from lenet.data.plan import Plan
from lenet.doctor import plateau
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.engines.lowering import lowered
from lenet.errors import ConfigError, EngineError, ModelError, TrainingError
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.lowering import from_module
from lenet.pytorch.modules import evaluating, share
from lenet.pytorch.reference import keep_freed_memory
from lenet.pytorch.tracing import chain
from lenet.training.interrupts import interrupts

POINTS = 5  # in an epoch: how often the chart gets one
SAMPLE = 64  # pictures of which the doctor looks at the units
CALL_SECONDS = 0.08  # of the steps in one call of the kernels, after which Ctrl-C is answered


@dataclass
class Tally:
    """An epoch so far. losses: the mean loss of each batch; seconds: of the steps alone; done: share of the epoch;
    labels: as they came, in parts."""

    losses: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    num_correct: float = 0.0
    seconds: float = 0.0
    done: float = 0.0
    labels: list[NDArray[np.int64]] = field(default_factory=list)

    @property
    def num_images(self) -> int:
        return sum(self.sizes)

    @property
    def loss(self) -> float:
        """Mean over the pictures."""
        return float(np.dot(self.losses, self.sizes)) / self.num_images

    @property
    def batch_loss(self) -> float:
        """Mean over the batches, in which a small last batch weighs as much as the others."""
        return sum(self.losses) / len(self.losses)

    @property
    def accuracy(self) -> float:
        return self.num_correct / self.num_images


class Steps(Protocol):
    """What the loop needs. Left in any case, so that weights and optimiser are the user's own again.

    sample: some pictures as the network takes them, if they are known; layers: the network as a chain, if it is known to be
    one; takes_logits: whether the loss is cross-entropy, which applies the softmax itself; simulates: whether
    `escape_epoch` can predict that a training at chance level escapes it.
    """

    name: str
    train_iter: Any
    sample: Tensor | None
    takes_logits: bool
    simulates: bool

    @property
    def layers(self) -> nn.Module | None: ...

    def __enter__(self) -> Any: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def epoch(self) -> Iterator[Tally]:
        """One pass over the training pictures; the same Tally, grown, after each fifth."""

    def escape_epoch(self, done: int, num_epochs: int) -> float | None:
        """The epoch in which a training at chance level after `done` epochs escapes it; None: not within `num_epochs`."""


def choose_steps(net: nn.Module, train_iter: Any, loss: Any, rule: Rule, device: torch.device) -> Steps:
    """lenet's kernels if they know all of it, else PyTorch; said in one line on stderr, with the reason.

    Raises ModelError if the network does not take the pictures.
    """
    must_give(train_iter, "training")
    steps: Steps
    try:
        steps = EngineSteps(net, train_iter, loss, rule, device)
    except (EngineError, ModelError, ConfigError) as error:
        way_out = f"; {error.hint}" if isinstance(error, kernels.KernelsMissing) else ""
        keep_freed_memory()
        optimizer = rule.optimizer()
        steps = TorchSteps(train_iter, *classification(net, loss, optimizer, device), net, optimizer)
        steps.takes_logits = is_cross_entropy(loss)
        steps.name = f"PyTorch on {device} ({error.message}{way_out})"
    except RuntimeError as error:  # PyTorch's, from a first look at two pictures
        raise misfit(net, train_iter.first(LOOKED_AT), error) or error from error
    announce(steps)
    return steps


def announce(steps: Steps) -> None:
    """Says which of the two computes, and why."""
    sys.stderr.write(f"engine  {steps.name}\n")


class EngineSteps:
    """Steps by lenet's kernels for the CPU. Raises EngineError, ModelError or ConfigError for what they do not know."""

    simulates = takes_logits = True
    sample: Tensor | None

    def __init__(self, net: nn.Module, train_iter: Any, loss: Any, rule: Rule, device: torch.device) -> None:
        if device.type != "cpu":
            raise EngineError(f"the CPU kernels do not compute on {device}")
        if not isinstance(train_iter, BatchIterator):
            what = type(train_iter).__name__
            raise EngineError(f"the CPU kernels take what load_data_fashion_mnist returns; this is a {what}")
        config = TrainConfig(
            **rule.settings(net),
            label_smoothing=_smoothing(loss),
            batch_size=train_iter.batch_size,
            normalize=False,
            threads=torch.get_num_threads(),
        )
        if not all(weights.requires_grad for weights in net.parameters()):
            raise EngineError("the CPU kernels train all weights; some here have requires_grad=False")
        net.train()
        self.layers = chain(net, train_iter.first(LOOKED_AT))
        lowered(from_module(self.layers, (1, *train_iter.size)).architecture)
        self.name = f"cpu (own kernels for {kernels.variant_name()})"
        self.train_iter, self.rule, self.config = train_iter, rule, config
        self.sample = train_iter.first(SAMPLE)
        self.speed = 100.0  # steps in a second: a guess, until the first call has been timed

    def __enter__(self) -> None:
        self.own = [weights.data for weights in self.layers.parameters()]
        self.dataset = self.train_iter.in_size()
        self.preprocessing = Preprocessing(self.dataset.size)
        network = from_module(self.layers, (1, *self.dataset.size))
        share(network, self.layers)  # until __exit__: what looks at the learner's network sees the present weights
        self.engine = CpuEngine(network, self.dataset, self.config, self.preprocessing)
        self.rule.load(self.engine, self.layers)
        self.good, self.taken = LastGood(self.engine), 0

    def __exit__(self, *_: Any) -> None:
        """The weights back in their own memory, the optimiser's state where its next step looks for it, no gradients.

        A second Ctrl-C, from somebody in a hurry, does not come in between.
        """
        with interrupts() as interrupted, torch.no_grad():
            for weights, own in zip(self.layers.parameters(), self.own, strict=True):
                own.copy_(weights)
                weights.data, weights.grad = own, None
            self.rule.save(self.engine, self.layers)
        if interrupted.is_set():
            raise KeyboardInterrupt

    def epoch(self) -> Iterator[Tally]:
        """One pass over the training pictures; the same Tally, grown, after each fifth."""
        num_steps = len(self.train_iter)
        rates = np.full(num_steps, self.config.learning_rate)
        plan = Plan(self.train_iter.order(), None, None, rates, self.config.batch_size)
        tally, step = Tally(labels=[self.dataset.labels[plan.order]]), 0
        for stop in _stops(num_steps):
            while step < stop:
                step = self._call(plan, step, stop, tally)
            tally.done = step / num_steps
            if step == num_steps:
                _must_end_finite(self.layers, tally, self.good, self.taken)
            yield tally

    def escape_epoch(self, done: int, num_epochs: int) -> float | None:
        """The epoch in which a training at chance level after `done` epochs escapes it; None: not within `num_epochs`."""
        config = replace(self.config, epochs=num_epochs)
        return plateau.escape_epoch(self.engine, config, self.dataset, self.preprocessing, done)

    def _call(self, plan: Plan, start: int, stop: int, tally: Tally) -> int:
        """As many of the steps as take a moment, in one call; where it stopped."""
        stop = min(stop, start + max(1, int(self.speed * CALL_SECONDS)))
        self.good.keep(self.taken)
        with interrupts() as interrupted:
            stats = self.engine.train_steps(plan, start, stop)
            for loss in stats.losses:
                _must_be_finite(float(loss), tally, plan.num_steps, self.good, self.taken)
                self.taken += 1
                tally.losses.append(float(loss))
                tally.sizes.append(min(plan.batch_size, len(plan.order) - (len(tally.losses) - 1) * plan.batch_size))
            tally.num_correct += stats.num_correct
            tally.seconds += stats.seconds
            self.speed = (stop - start) / stats.seconds
        if interrupted.is_set():
            raise KeyboardInterrupt
        return stop


@dataclass(frozen=True)
class Forward:
    """A batch that went through the network: what to differentiate, its mean loss, how many are right (nan: not known)."""

    loss: Tensor
    mean: float
    num_correct: float
    inputs: Any
    labels: Tensor


class TorchSteps:
    """Steps by PyTorch, over any iterator. forward computes a batch, update moves the weights by what it gave.

    net: the network, if it is a module; optimizer: what else goes back to its last good state with it.
    """

    name, simulates, takes_logits = "PyTorch", False, False
    sample: Tensor | None = None
    layers: nn.Module | None = None

    def __init__(
        self,
        train_iter: Any,
        forward: Callable[[Any], Forward],
        update: Callable[[Forward], None],
        net: Any = None,
        optimizer: Any = None,
    ) -> None:
        self.train_iter, self.forward, self.update = train_iter, forward, update
        self.net = net if isinstance(net, nn.Module) else None
        parts: list[Stateful] = [self.net] if self.net is not None else []
        parts += [optimizer] if parts and isinstance(optimizer, torch.optim.Optimizer) else []
        self.good, self.taken = LastGood(*parts), 0

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        pass

    def epoch(self) -> Iterator[Tally]:
        """One pass over the training batches; the same Tally, grown, after each fifth, if their number is known."""
        num_steps = len(self.train_iter) if hasattr(self.train_iter, "__len__") else None
        stops = set(_stops(num_steps)) if num_steps else set()
        tally = Tally()
        self.good.keep(self.taken)
        for step, batch in enumerate(self.train_iter, start=1):
            self._step(batch, tally, num_steps)
            if num_steps and step in stops and step < num_steps:
                self.good.keep(self.taken)
                tally.done = step / num_steps
                yield tally
        if not tally.losses:
            raise no_batches("the iterator to train on")
        if self.net is not None:
            _must_end_finite(self.net, tally, self.good, self.taken)
        if tally.done != 1:
            tally.done = 1
            yield tally

    def escape_epoch(self, done: int, num_epochs: int) -> float | None:
        """Nothing is foreseen."""
        return None

    def _step(self, batch: Any, tally: Tally, num_steps: int | None) -> None:
        """One step, which Ctrl-C does not cut in two."""
        began = time.perf_counter()
        with interrupts() as interrupted:
            result = self.forward(batch)
            _must_be_finite(result.mean, tally, num_steps, self.good, self.taken)
            self.update(result)
            self.taken += 1
            tally.losses.append(result.mean)
            tally.sizes.append(result.labels.numel())
            tally.labels.append(result.labels.detach().reshape(-1).cpu().numpy())
            self.sample = result.inputs[:SAMPLE] if isinstance(result.inputs, Tensor) else None
            tally.num_correct += result.num_correct
            tally.seconds += time.perf_counter() - began
        if interrupted.is_set():
            raise KeyboardInterrupt


def classification(
    net: Callable[..., Tensor], loss: Any, optimizer: torch.optim.Optimizer, device: torch.device
) -> tuple[Callable[[Any], Forward], Callable[[Forward], None]]:
    """Forward and update of a classifier: the loss's mean, whether `loss` gives that or one number for each picture."""

    def forward(batch: Any) -> Forward:
        inputs, labels = (moved(part, device) for part in pair(batch))
        logits = outputs(net, inputs)
        value = loss(logits, labels).mean()
        return Forward(value, number(value), accuracy(logits, labels), inputs, labels)

    def update(result: Forward) -> None:
        optimizer.zero_grad()
        result.loss.backward()
        optimizer.step()

    return forward, update


def must_give(data_iter: Any, what: str) -> None:
    """Raises ConfigError for what cannot be iterated."""
    if not hasattr(data_iter, "__iter__") and not hasattr(data_iter, "__getitem__"):
        raise ConfigError(f"the {what} iterator is a {type(data_iter).__name__}; expected batches (X, y)")


def first_inputs(train_iter: Any) -> Any:
    """X of the first batch, for a look before the first step; None of what can be gone through only once.

    Draws nothing from PyTorch's generator. Raises DataError if there is no batch.
    """
    if isinstance(train_iter, BatchIterator):
        return train_iter.first(LOOKED_AT)
    if hasattr(train_iter, "__next__"):
        return None
    with torch.random.fork_rng(devices=[]):
        for batch in train_iter:
            return pair(batch)[0]
    raise no_batches("the iterator to train on")


def looked_through(net: nn.Module, inputs: Any, device: torch.device) -> None:
    """Computes inputs once, and leaves the network as it was. Raises ModelError if it does not take them."""
    with evaluating(net), torch.no_grad():
        outputs(net, moved(inputs, device))


def initialised(net: nn.Module, train_iter: Any) -> None:
    """Gives layers that wait for their first batch (nn.LazyLinear, …) their weights; any other network is left alone.

    Raises ConfigError for an iterator that would lose that batch.
    """
    lazy = [weights for weights in net.parameters() if isinstance(weights, nn.parameter.UninitializedParameter)]
    if not lazy:
        return
    inputs = first_inputs(train_iter)
    if inputs is None:
        raise ConfigError(
            "the network has layers that wait for a first batch, and the training iterator can be gone through only once",
            hint="compute a batch beforehand: net(X); or pass a list, a DataLoader or what load_data_fashion_mnist returns",
        )
    looked_through(net, inputs, lazy[0].device)


def is_cross_entropy(loss: Any) -> bool:
    """Whether a loss takes logits, and applies the softmax itself."""
    return loss is F.cross_entropy or isinstance(loss, nn.CrossEntropyLoss)


def _smoothing(loss: Any) -> float:
    """The label smoothing of a cross-entropy. Raises EngineError for any other loss."""
    if loss is F.cross_entropy:
        return 0.0
    if type(loss) is not nn.CrossEntropyLoss:
        raise EngineError(f"the CPU kernels know nn.CrossEntropyLoss; the loss is {_named(loss)}")
    if loss.weight is not None or loss.ignore_index != -100 or loss._forward_hooks or loss._forward_pre_hooks:
        raise EngineError("the CPU kernels know nn.CrossEntropyLoss without weight, ignore_index or hooks")
    if loss.reduction == "sum":
        raise EngineError("the CPU kernels know a loss that is a mean; this one is a sum")
    return float(loss.label_smoothing)


def _named(thing: Any) -> str:
    return getattr(thing, "__name__", type(thing).__name__)


def _stops(num_steps: int) -> list[int]:
    """After which steps the chart gets a point: every fifth of an epoch, as published, and the last."""
    fifth = max(1, num_steps // POINTS)
    return [step for step in range(1, num_steps + 1) if step % fifth == 0 or step == num_steps]


def _must_be_finite(loss: float, tally: Tally, num_steps: int | None, good: LastGood, taken: int) -> None:
    """loss: of the next step; taken: the steps before it, of all epochs, whose weights it tells of."""
    if not np.isfinite(loss):
        of_all = f" of {num_steps}" if num_steps else ""
        raise _broken(f"the loss became {loss} at step {len(tally.losses) + 1}{of_all}", good, taken)


def _must_end_finite(net: nn.Module, tally: Tally, good: LastGood, taken: int) -> None:
    """What the last step of an epoch did no loss tells of."""
    if not all(bool(torch.isfinite(weights).all()) for weights in net.parameters()):
        raise _broken(f"weights became nan or infinite in step {len(tally.losses)}, the last,", good, taken)


def _broken(what: str, good: LastGood, taken: int) -> TrainingError:
    return TrainingError(
        f"{what} of this epoch; {good.restore(taken)}",
        hint="take a smaller learning rate (lr), a tenth of it say, and a network with fresh weights",
    )
