"""Training steps by lenet's own kernels for the CPU."""

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
from lenet.networks import Architecture
from lenet.networks.layers import BatchNorm, Dropout
from lenet.pytorch.lowering import from_module
from lenet.pytorch.modules import network_tensors, share
from lenet.pytorch.tracing import chain

CALL_SECONDS = 0.08  # duration of a call of the kernels, which Ctrl-C does not interrupt


class KernelSteps:
    """Steps by lenet's kernels for the CPU; see the protocol Steps.

    Args:
        net: the network to train.
        train_iter: the training batches.
        loss: a cross-entropy.
        rule: the optimiser.
        device: where to compute.

    Raises:
        EngineError, ModelError, ConfigError: for what the kernels cannot compute.
    """

    simulates = takes_logits = True
    sample: Tensor | None

    def __init__(self, net: nn.Module, train_iter: Any, loss: Any, rule: Rule, device: torch.device) -> None:
        if device.type != "cpu":
            raise EngineError(f"the CPU kernels do not compute on {device}")
        if not isinstance(train_iter, BatchIterator):
            what = type(train_iter).__name__
            raise EngineError(f"the CPU kernels need the iterator of load_data_fashion_mnist; this is a {what}")
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
        architecture = from_module(self.layers, (1, *train_iter.size)).architecture
        lowered(architecture)
        _check_batches(architecture, train_iter)
        self.drops = any(isinstance(layer, Dropout) for layer in architecture.layers)
        self.name = f"cpu (own kernels for {kernels.variant_name()})"
        self.train_iter, self.rule, self.config = train_iter, rule, config
        self.sample = train_iter.first(SAMPLE)
        self.speed = 100.0  # steps per second: a guess, until the first call has been timed

    def __enter__(self) -> None:
        self.own = {name: tensor.data for name, tensor in network_tensors(self.layers).items()}
        self.dataset = self.train_iter.resized_dataset()
        self.preprocessing = Preprocessing(self.dataset.size)
        network = from_module(self.layers, (1, *self.dataset.size))
        share(network, self.layers)  # until __exit__, so that the learner's network has the present weights
        self.engine = CpuEngine(network, self.dataset, self.config, self.preprocessing)
        self.rule.load(self.engine, self.layers)
        self.steps_before = self.engine.optimizer.num_steps
        self.guard = DivergenceGuard(self.engine)

    def __exit__(self, *_: Any) -> None:
        """Copy weights, running statistics and optimiser state back to the user's own objects, and clear the gradients.

        A second Ctrl-C does not interrupt it.
        """
        with uninterrupted(), torch.no_grad():
            for name, tensor in network_tensors(self.layers).items():
                self.own[name].copy_(tensor)
                tensor.data, tensor.grad = self.own[name], None
            for name, buffer in self.layers.named_buffers():
                if name not in self.own:  # num_batches_tracked
                    buffer += self.engine.optimizer.num_steps - self.steps_before
            self.rule.save(self.engine, self.layers)

    def epoch(self) -> Iterator[EpochProgress]:
        """Train one epoch; yield the same EpochProgress, updated, after each fifth."""
        num_steps = len(self.train_iter)
        rates = np.full(num_steps, self.config.learning_rate)
        order = self.train_iter.order()
        keys = torch.randint(1 << 32, (len(order),)).numpy().astype(np.uint32) if self.drops else None
        plan = Plan(order, None, None, rates, self.config.batch_size, dropout_keys=keys)
        progress, step = EpochProgress(labels=[self.dataset.labels[plan.order]]), 0
        for stop in report_steps(num_steps):
            while step < stop:
                step = self._call(plan, step, stop, progress)
            progress.done = step / num_steps
            if step == num_steps:
                self.guard.check_weights(self.layers, step)
            yield progress

    def escape_epoch(self, done: int, num_epochs: int) -> float | None:
        """Simulate the rest of a training at chance level; see the protocol Steps."""
        config = replace(self.config, epochs=num_epochs)
        return plateau.escape_epoch(self.engine, config, self.dataset, self.preprocessing, done)

    def _call(self, plan: Plan, start: int, stop: int, progress: EpochProgress) -> int:
        """Take as many of the steps as fit into CALL_SECONDS in one call; return the step at which it stopped."""
        stop = min(stop, start + max(1, int(self.speed * CALL_SECONDS)))
        self.guard.keep()
        with uninterrupted():
            stats = self.engine.train_steps(plan, start, stop)
            self.guard.check_losses(stats.losses.tolist(), start + 1, plan.num_steps)
            self.guard.num_steps += stop - start
            progress.add(stats)
            self.speed = (stop - start) / stats.seconds
        return stop


def _check_batches(architecture: Architecture, train_iter: BatchIterator) -> None:
    """Raises EngineError if a BatchNorm layer would get a batch of one image; PyTorch may take its pixels alone."""
    size = train_iter.batch_size
    has_single = size == 1 or len(train_iter.source) % size == 1
    if has_single and any(isinstance(layer, BatchNorm) for layer in architecture.layers):
        raise EngineError("the CPU kernels need two images for batch normalization; a batch here has one")


def is_cross_entropy(loss: Any) -> bool:
    """Return whether a loss takes logits, and applies the softmax itself."""
    return loss is F.cross_entropy or isinstance(loss, nn.CrossEntropyLoss)


def _smoothing(loss: Any) -> float:
    """The label smoothing of a cross-entropy; raises EngineError for any other loss."""
    if loss is F.cross_entropy:
        return 0.0
    if type(loss) is not nn.CrossEntropyLoss:
        raise EngineError(f"the CPU kernels compute nn.CrossEntropyLoss; the loss is {_name(loss)}")
    if loss.weight is not None or loss.ignore_index != -100 or loss._forward_hooks or loss._forward_pre_hooks:
        raise EngineError("the CPU kernels compute nn.CrossEntropyLoss without weight, ignore_index or hooks")
    if loss.reduction == "sum":
        raise EngineError("the CPU kernels compute a loss that is a mean; this one is a sum")
    return float(loss.label_smoothing)


def _name(loss: Any) -> str:
    return getattr(loss, "__name__", type(loss).__name__)
