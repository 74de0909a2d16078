"""Steps by lenet's own kernels."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.d2l.bridge.batches import NUM_TRIED, SAMPLE, BatchIterator
from lenet.d2l.bridge.divergence import DivergenceGuard
from lenet.d2l.bridge.measuring import uninterrupted
from lenet.d2l.bridge.optimizers import Rule
from lenet.d2l.bridge.progress import EpochProgress, report_steps
from lenet.data.plan import Plan
from lenet.doctor import plateau
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.engines.lowering import lowered
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.lowering import from_module
from lenet.pytorch.modules import share
from lenet.pytorch.tracing import chain

CALL_SECONDS = 0.08  # of the steps in one call of the kernels, after which Ctrl-C is answered


class KernelSteps:
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
        self.layers = chain(net, train_iter.first(NUM_TRIED))
        lowered(from_module(self.layers, (1, *train_iter.size)).architecture)
        self.name = f"cpu (own kernels for {kernels.variant_name()})"
        self.train_iter, self.rule, self.config = train_iter, rule, config
        self.sample = train_iter.first(SAMPLE)
        self.speed = 100.0  # steps in a second: a guess, until the first call has been timed

    def __enter__(self) -> None:
        self.own = [weights.data for weights in self.layers.parameters()]
        self.dataset = self.train_iter.resized_dataset()
        self.preprocessing = Preprocessing(self.dataset.size)
        network = from_module(self.layers, (1, *self.dataset.size))
        share(network, self.layers)  # until __exit__: what looks at the learner's network sees the present weights
        self.engine = CpuEngine(network, self.dataset, self.config, self.preprocessing)
        self.rule.load(self.engine, self.layers)
        self.guard = DivergenceGuard(self.engine)

    def __exit__(self, *_: Any) -> None:
        """The weights back in their own memory, the optimiser's state where its next step looks for it, no gradients.

        A second Ctrl-C does not interrupt it.
        """
        with uninterrupted(), torch.no_grad():
            for weights, own in zip(self.layers.parameters(), self.own, strict=True):
                own.copy_(weights)
                weights.data, weights.grad = own, None
            self.rule.save(self.engine, self.layers)

    def epoch(self) -> Iterator[EpochProgress]:
        """One pass over the training pictures; the same EpochProgress, updated, after each fifth."""
        num_steps = len(self.train_iter)
        rates = np.full(num_steps, self.config.learning_rate)
        plan = Plan(self.train_iter.order(), None, None, rates, self.config.batch_size)
        progress, step = EpochProgress(labels=[self.dataset.labels[plan.order]]), 0
        for stop in report_steps(num_steps):
            while step < stop:
                step = self._call(plan, step, stop, progress)
            progress.done = step / num_steps
            if step == num_steps:
                self.guard.check_weights(self.layers, step)
            yield progress

    def escape_epoch(self, done: int, num_epochs: int) -> float | None:
        """The epoch in which a training at chance level after `done` epochs escapes it; None: not within `num_epochs`."""
        config = replace(self.config, epochs=num_epochs)
        return plateau.escape_epoch(self.engine, config, self.dataset, self.preprocessing, done)

    def _call(self, plan: Plan, start: int, stop: int, progress: EpochProgress) -> int:
        """As many of the steps as take a moment, in one call; where it stopped."""
        stop = min(stop, start + max(1, int(self.speed * CALL_SECONDS)))
        self.guard.keep()
        with uninterrupted():
            stats = self.engine.train_steps(plan, start, stop)
            self.guard.check_losses(stats.losses.tolist(), start + 1, plan.num_steps)
            self.guard.num_steps += stop - start
            progress.add(stats)
            self.speed = (stop - start) / stats.seconds
        return stop


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
