"""The fast CPU engine: a whole chunk of training steps in one native call. docs/engines.md explains its kernels.

    engine = CpuEngine(network, dataset, config, preprocessing)
    stats = engine.train_steps(plan, 0, plan.num_steps)

The weights are the network's own memory and the optimiser's state is in `Optimizer`, both updated in place, so that a
checkpoint of this engine opens in the reference engine and back.
"""

import ctypes
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.class_weights import class_weights
from lenet.data.dataset import Dataset, Images
from lenet.data.plan import Plan
from lenet.engines import Stats, kernels
from lenet.engines.arguments import checked_array, plan_argument, pointer, targets_argument
from lenet.engines.lowering import lowered
from lenet.engines.optimizer import BETA1, BETA2, EPSILON, Optimizer, average_share
from lenet.engines.state import Stateful
from lenet.engines.threads import num_threads
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network, gradients
from lenet.networks.forward import as_input, forward
from lenet.networks.layers import BatchNorm, Dropout
from lenet.registry import OPTIMIZERS

ALIGNMENT = 64  # bytes: a cache line, a vector of AVX-512
OUTPUTS_AT_ONCE = 250  # images; keeps the windows of a convolution at some tens of megabytes


class CpuEngine(Stateful):
    """Trains a network in place, and computes its logits, with native kernels.

    The same seed and kernel variant give the same bits, on any number of threads.

    Args:
        network: the network; its weights are changed in place.
        dataset: what to train on; None for an engine that only computes.
        config: the settings; `config.threads` threads compute.
        preprocessing: how images become the network's input.
        device: "cpu".
        variant: "avx512", "avx2", "sse4" or "neon", instead of the best that this processor has.

    Raises:
        EngineError: for what the kernels cannot compute.
    """

    def __init__(
        self,
        network: Network,
        dataset: Dataset | None,
        config: TrainConfig,
        preprocessing: Preprocessing,
        device: str = "cpu",
        variant: str | None = None,
    ) -> None:
        self._library = kernels.library()
        self._variant = kernels.variant_number(variant)
        self._lowered = lowered(network.architecture)
        self._has_dropout = any(isinstance(layer, Dropout) and layer.rate for layer in network.architecture.layers)
        self._has_normalization = any(isinstance(layer, BatchNorm) for layer in network.architecture.layers)
        self.network = self.evaluated = network  # evaluated: with the averaged weights, if the training averages them
        self.config = config
        self.preprocessing = preprocessing
        self.device = device
        self.threads = num_threads(config.threads)
        mean, std = preprocessing.mean, preprocessing.std
        self._normalization = (mean, std, mean == 0 and std == 1)
        self.micro_batch: int | None = None  # always: the kernels take sixteen images at a time, whatever the batch
        self._workspace = np.empty(0, np.uint8)
        if dataset is not None:
            self._images = self._checked(dataset.images)
            num_classes = network.architecture.num_classes
            if dataset.labels.max() >= num_classes:
                raise EngineError(
                    f"{dataset.name} has a label {dataset.labels.max()}; the network has {num_classes} classes",
                    hint="labels count from 0: a network for as many classes as the largest label and one",
                )
            self._labels = dataset.labels
            self._class_weights = class_weights(config, dataset)
            self._targets = dataset.targets
            if self._targets is not None and self._targets.shape[-1] != num_classes:
                raise EngineError(
                    f"the targets of {dataset.name} are of {self._targets.shape[-1]} classes; the network has {num_classes}"
                )
            self.optimizer: Optimizer = Optimizer(network, config)
            if self.optimizer.average is not None:
                self.evaluated = Network(network.architecture, self.optimizer.average)

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Take the steps `start` to `stop - 1` of the plan, changing the weights in place.

        A loss that is not finite ends the chunk: it is the last of `losses`, and its step leaves the weights as they were.

        Raises:
            EngineError: for a plan that does not fit the data or the network, or if the system has no threads or memory.
        """
        began = time.perf_counter()
        if self._has_dropout and plan.dropout_keys is None:
            raise EngineError("the network has dropout, but the plan has no keys for its masks", hint="set dropout")
        if self._has_normalization and min(plan.batch_size, len(plan.order) - (stop - 1) * plan.batch_size) == 1:
            raise EngineError(
                "a batch of one image, and batch normalization needs at least two", hint="use another batch size"
            )
        arrays, kept = plan_argument(plan, start, stop, len(self._images), self.preprocessing.grey)
        optimizer, also_kept = self._optimizer(plan.learning_rates[start:stop])
        data = kernels.Images(
            self._images.ctypes.data, self._labels.ctypes.data, *self._normalization, *targets_argument(self._targets)
        )
        losses = np.zeros(stop - start)  # float64
        correct = ctypes.c_int64()
        threads = self.threads
        done = self._library.lenet_train(
            self._variant,
            self._lowered,
            data,
            arrays,
            optimizer,
            start,
            stop,
            losses.ctypes.data,
            correct,
            self._space(min(plan.batch_size, len(plan.order)), threads, training=True),
            threads,
        )
        del kept, also_kept  # the structures point to them
        _must_have_run(done, threads)
        losses = losses[:done]
        self.optimizer.num_steps += done if np.isfinite(losses).all() else done - 1
        sizes = np.minimum(plan.batch_size, len(plan.order) - np.arange(start, start + done) * plan.batch_size)
        return Stats(losses, sizes, correct.value, time.perf_counter() - began)

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return logits (N, num_classes) of uint8 images (N, height, width)."""
        images = self._checked(images)
        logits = np.empty((len(images), self.network.architecture.num_classes), np.float32)
        threads = self.threads
        data = kernels.Images(images.ctypes.data, None, *self._normalization)
        done = self._library.lenet_logits(
            self._variant,
            self._lowered,
            data,
            len(images),
            self.evaluated.weights.ctypes.data,
            logits.ctypes.data,
            self._space(len(images), threads, training=False),
            threads,
        )
        _must_have_run(done, threads)
        return logits

    def outputs(self, images: Images) -> list[NDArray[np.float32]]:
        """Return the output of every layer, (N, *shape) each, for uint8 images (N, height, width).

        Computed in NumPy: the kernels fuse layers and never hold some of these numbers.
        """
        images = self._checked(images)
        starts = range(0, max(len(images), 1), OUTPUTS_AT_ONCE)
        parts = [
            forward(self.evaluated, as_input(images[start : start + OUTPUTS_AT_ONCE], self.preprocessing))
            for start in starts
        ]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def input_gradient(self, images: Images, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the gradient of one logit of each image with respect to the network's input; computed in NumPy, too."""
        return gradients.of_images(self.evaluated, self._checked(images), classes, self.preprocessing)

    def _space(self, num_images: int, threads: int, training: bool) -> int:
        """The address of the memory that the kernels compute in; an evaluation releases that of the training."""
        size = self._library.lenet_workspace_size(self._variant, self._lowered, num_images, threads, training)
        needed = size + ALIGNMENT
        if len(self._workspace) != needed:
            self._workspace = np.empty(0, np.uint8)  # freed before more is allocated
            try:
                self._workspace = np.empty(needed, np.uint8)
            except MemoryError as error:
                raise EngineError(
                    f"the CPU kernels need {needed / 1e9:.1f} GB of memory, which is not available",
                    hint="use fewer threads, smaller batches, a smaller network, or --engine reference",
                ) from error
        address: int = self._workspace.ctypes.data
        return -(-address // ALIGNMENT) * ALIGNMENT

    def _checked(self, images: Images) -> Images:
        """The images, contiguous; an EngineError if they are not of the network's shape and uint8."""
        channels, height, width = self.network.architecture.input_shape
        shape = (height, width) + ((channels,) if channels > 1 else ())
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != shape:
            what = (
                f"{images.dtype} of shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
            )
            raise EngineError(f"the images are {what}; expected uint8 of shape (N, {', '.join(map(str, shape))})")
        return np.ascontiguousarray(images)

    def _optimizer(self, rates: NDArray[np.float64]) -> tuple[kernels.Optimizer, list[NDArray[Any]]]:
        """The optimiser for the kernels, at these learning rates, and the arrays it points to."""
        state, config = self.optimizer, self.config
        steps = state.num_steps + 1 + np.arange(len(rates))
        rates = checked_array("learning rates", rates, np.float64, (len(rates),))
        corrections = [1 - beta ** steps.astype(np.float64) for beta in (BETA1, BETA2)]
        moments = [moment.ctypes.data for moment in state.moments.values()] + [None, None]
        shares = None if state.average is None else np.array([average_share(config, int(step)) for step in steps])
        return kernels.Optimizer(
            kind=OPTIMIZERS[config.optimizer],
            nesterov=config.nesterov,
            momentum=config.momentum,
            beta1=BETA1,
            beta2=BETA2,
            epsilon=EPSILON,
            weight_decay=config.weight_decay,
            label_smoothing=config.label_smoothing,
            clip_norm=config.clip_norm or 0.0,
            temperature=config.temperature,
            teacher_weight=config.teacher_weight,
            weights=state.weights.ctypes.data,
            gradient=state.gradient.ctypes.data,
            first=moments[0],
            second=moments[1],
            rates=rates.ctypes.data,
            first_corrections=corrections[0].ctypes.data,
            second_corrections=corrections[1].ctypes.data,
            average=pointer(state.average),
            average_shares=pointer(shares),
            class_weights=pointer(self._class_weights),
        ), [rates, *corrections, *([] if shares is None else [shares])]


def _must_have_run(done: int, threads: int) -> None:
    """Raises EngineError if a call of the kernels could not start its threads."""
    if done < 0:
        raise EngineError(f"the system gave no {threads} threads", hint="use fewer with --threads")
