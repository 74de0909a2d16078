"""The reference engine: plain PyTorch, the specification of what every other engine computes. Read this first.

    engine = ReferenceEngine(network, dataset, config, preprocessing)
    stats = engine.train_steps(plan, 0, plan.num_steps)
    logits = engine.logits(test.images)

The whole training set is one uint8 tensor on the device; a batch becomes float32 in its step.
"""

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset, Images
from lenet.data.plan import Plan
from lenet.engines import Stats
from lenet.engines.memory import (
    ANY,
    EVALUATION,
    FIRST_TOUCH,
    STEP,
    explained,
    halved,
    in_chunks,
    is_out_of_memory,
    memory_explained,
    release_frames,
    return_freed_memory,
)
from lenet.engines.optimizer import Array
from lenet.engines.state import Stateful
from lenet.engines.threads import num_threads
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.networks import Architecture, Network, gradients
from lenet.pytorch.arithmetic import exactly
from lenet.pytorch.batches import Batches
from lenet.pytorch.loss import Loss
from lenet.pytorch.modules import evaluating
from lenet.pytorch.optimizer import TorchOptimizer
from lenet.pytorch.outputs import EVALUATION_BATCH, layer_outputs
from lenet.pytorch.tensors import keep_freed_memory, layer_over_batch, of_images, to_input, torch_threads
from lenet.pytorch.trainable import set_dropout_keys, trainable


class ReferenceEngine(Stateful):
    """Trains a network in place, and computes its logits, in plain PyTorch.

    The network takes `(pixel / 255 - mean) / std` with the mean and standard deviation of `preprocessing`.

    Where a step does not fit into memory it is repeated in parts of `micro_batch` images, half as many as before, and so are
    all steps after it.

    Args:
        network: the network, or any nn.Module; its weights are changed in place.
        dataset: what to train on; None for an engine that only computes.
        config: the settings; `config.threads` threads compute.
        preprocessing: how images become the network's input.
        device: such as "cpu" or "cuda:0".

    Raises:
        EngineError: if not even one image fits into memory, or if the device is lost.
    """

    def __init__(
        self,
        network: Network | nn.Module,
        dataset: Dataset | None,
        config: TrainConfig,
        preprocessing: Preprocessing,
        device: str = "cpu",
    ) -> None:
        self.device = device
        if device == "cpu":
            keep_freed_memory()
        self.config, self.preprocessing = config, preprocessing
        self.threads = num_threads(config.threads)
        self.micro_batch: int | None = None
        self._network = network if isinstance(network, Network) else None
        with memory_explained(device, FIRST_TOUCH, "for the network"):
            self.module = (trainable(network) if isinstance(network, Network) else network).to(device)
        self._averaging: TorchOptimizer | None = None  # whose averaged weights are evaluated; None without a training
        if dataset is not None:
            with memory_explained(device, FIRST_TOUCH, "for the training set"):
                self.batches = Batches(dataset, preprocessing, device)
            with memory_explained(device, FIRST_TOUCH, "for the optimiser's state"):
                self.optimizer: TorchOptimizer = TorchOptimizer(self.module, config, self._network)
            self._averaging = self.optimizer
            self._loss = Loss.of(config, dataset, self.optimizer.weights)
        # After a lost device a training continues from its checkpoint; any other evaluation has lost nothing.
        self._evaluation = EVALUATION if dataset is None else dataclasses.replace(EVALUATION, lost=STEP.lost)

    @property
    def network(self) -> Network:
        """The network with its present weights; on the CPU they are the engine's own memory."""
        if self._network is None:
            raise EngineError("this engine computes an nn.Module, which is not a network of lenet's layers")
        if self.device == "cpu":
            return self._network
        return self._copied(self._network.architecture)

    @property
    def evaluated(self) -> Network:
        """The network that is evaluated and saved: with the averaged weights if the training averages them."""
        if self._averaging is None or self._averaging.average is None:
            return self.network
        with self._averaging.averaged():
            return self._copied(self.network.architecture)

    def _copied(self, architecture: Architecture) -> Network:
        """A network with the weights that the module has now, on the CPU."""
        state = {name: tensor.detach().cpu().numpy() for name, tensor in self.module.state_dict().items()}
        return Network.of(architecture, state)

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Take the steps `start` to `stop - 1` of the plan, changing the weights in place.

        A step whose loss is not finite leaves the running statistics of a Network as they were.
        """
        self.module.train()
        began = time.perf_counter()
        with (
            torch_threads(self.threads),
            exactly(self.device),
            memory_explained(self.device, STEP, "in the training's steps"),
        ):
            losses = torch.zeros(stop - start, device=self.device)
            correct = torch.zeros((), dtype=torch.int64, device=self.device)
            for step in range(start, stop):
                positions = plan.batch(step)
                statistics = self.optimizer.statistics.clone()  # before the forward pass moves them
                losses[step - start], right = self._gradient(plan, positions)
                self.optimizer.keep_statistics(statistics, losses[step - start])
                self.optimizer.step(float(plan.learning_rates[step]))
                correct += right
            means = losses.cpu().double().numpy()  # waits for the device; from here on float64
            num_correct = int(correct)
        sizes = np.minimum(plan.batch_size, len(plan.order) - np.arange(start, stop) * plan.batch_size)
        return Stats(means, sizes, num_correct, time.perf_counter() - began)

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return logits (N, num_classes) of uint8 images (N, height, width); the module keeps its mode."""

        def compute(chunk: Tensor) -> Tensor:
            logits: Tensor = self.module(to_input(chunk.to(self.device), self.preprocessing))
            return logits.cpu()

        with self._evaluating("in an evaluation"):
            logits: NDArray[np.float32] = torch.cat(in_chunks(compute, of_images(images), EVALUATION_BATCH)).numpy()
            return logits

    def outputs(self, images: Images) -> list[NDArray[np.float32]]:
        """Return the output of every layer, (N, *shape) each, for uint8 images (N, height, width)."""
        layers = self.network.architecture.layers
        with self._evaluating("in an evaluation"):
            return layer_outputs(self.module, layers, images, self.preprocessing, self.device)

    def input_gradient(self, images: Images, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the gradient of one logit of each image with respect to the network's input; computed in NumPy."""
        return gradients.of_images(self.evaluated, images, classes, self.preprocessing)

    def buffers(self) -> dict[str, Array]:
        """Return the buffers of a module that is no Network, such as running means, by name."""
        if self._network is not None:
            return {}
        state = self.module.state_dict()
        return {name: state[name].cpu().numpy() for name in state if name not in self.optimizer.shapes}

    def load_buffers(self, buffers: Mapping[str, Array]) -> None:
        """Set what `buffers` returns."""
        state = self.module.state_dict()
        for name, array in buffers.items():
            state[name].copy_(torch.from_numpy(array))

    @contextlib.contextmanager
    def _evaluating(self, doing: str) -> Iterator[None]:
        """The module is in evaluation mode, with the weights to be evaluated."""
        with (
            self._averaging.averaged() if self._averaging else contextlib.nullcontext(),
            torch_threads(self.threads),
            exactly(self.device),
            memory_explained(self.device, self._evaluation, doing),
            evaluating(self.module),
            torch.inference_mode(),
        ):
            yield

    def _gradient(self, plan: Plan, positions: slice) -> tuple[Tensor, Tensor]:
        """Mean loss of a batch and how many images it classifies correctly; their gradient is added to the optimiser's.

        What fails for lack of memory is computed again in smaller parts: no weight has changed yet.
        """
        while True:
            size = min(self.micro_batch or len(plan.order), positions.stop - positions.start)
            try:
                return self._summed(plan, positions, size)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if size == 1:
                    raise explained(error, self.device, STEP, "in a step of one image at a time") from error
                if layer := layer_over_batch(self.module):
                    doing = f"in a step of {size} images, which cannot be divided because of {layer}"
                    raise explained(error, self.device, ANY, doing) from error
                release_frames(error)
            return_freed_memory()
            self.micro_batch = halved(size)

    def _summed(self, plan: Plan, positions: slice, size: int) -> tuple[Tensor, Tensor]:
        """`_gradient` in parts of `size`: the loss is a mean, so each part's counts by its share of the batch."""
        count = positions.stop - positions.start
        if size < count and (layer := layer_over_batch(self.module)):
            raise EngineError(f"a batch of {count} images is not the sum of its parts: {layer} computes over all of it")
        self.optimizer.gradient.zero_()
        weighted = self._loss.class_weights is not None
        whole = self._loss.weight(self.batches.labels_of(plan, positions)) if weighted else count
        starts = range(positions.start, positions.stop, size)
        parts = [self._part(plan, slice(start, min(start + size, positions.stop)), whole) for start in starts]
        losses, corrects = zip(*parts, strict=True)
        return sum(losses[1:], losses[0]), sum(corrects[1:], corrects[0])

    def _part(self, plan: Plan, positions: slice, whole: Tensor | int) -> tuple[Tensor, Tensor]:
        """What these images add to the mean loss of a batch of weight `whole`, and the number right; adds their gradient."""
        images, labels = self._batch(plan, positions)
        set_dropout_keys(self.module, None if plan.dropout_keys is None else plan.dropout_keys[positions])
        logits = self.module(images)
        targets = self.batches.targets_of(plan, positions)
        return self._loss.backward(logits, labels, whole, targets), (logits.argmax(1) == labels).sum()

    def _batch(self, plan: Plan, positions: slice) -> tuple[Tensor, Tensor]:
        return self.batches.batch(plan, positions)
