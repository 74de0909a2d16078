"""The engine for GPUs: the training set on the device, steps as CUDA graphs of one and of eight, one wait for each chunk.

    engine = CudaEngine(network, dataset, config, preprocessing, "cuda:0")
    stats = engine.train_steps(plan, 0, plan.num_steps)

On the device "cpu" it computes the same without graphs, which is how it is tested where there is no GPU. docs/engines.md
explains it.
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
from lenet.engines.gpu import first_use
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
from lenet.networks import Network, gradients
from lenet.pytorch.arithmetic import arithmetic, autocast, on
from lenet.pytorch.cuda.chunk import Chunks, Result, num_good_steps
from lenet.pytorch.cuda.placing import Placed
from lenet.pytorch.cuda.replay import Replay
from lenet.pytorch.cuda.stage import Stage
from lenet.pytorch.cuda.steps import ModuleStep, with_device_dropout
from lenet.pytorch.cuda.vectors import State, Vectors
from lenet.pytorch.cuda.views import Views
from lenet.pytorch.loss import Loss
from lenet.pytorch.modules import evaluating
from lenet.pytorch.outputs import EVALUATION_BATCH, layer_outputs
from lenet.pytorch.tensors import layer_over_batch, of_images, to_input, torch_threads
from lenet.pytorch.trainable import trainable

EVALUATION_BYTES = 1 << 28  # of the largest layer's output of the images that are evaluated at once


class CudaEngine(Stateful):
    """Trains a network in place, and computes its logits, on a GPU.

    The same seed gives the same bits on one GPU with one version of PyTorch. A loss that is not finite ends a chunk, and its
    step leaves the weights as they were.

    Args:
        network: the network, or any nn.Module; its weights are on the device from here on.
        dataset: what to train on; None for an engine that only computes.
        config: the settings.
        preprocessing: how images become the network's input.
        device: such as "cuda:0"; "cpu" for tests.

    Attributes:
        module: the network as an nn.Module.
        vectors: weights and optimiser state on the device.
        optimizer: the same, for snapshots and checkpoints.
        micro_batch: how many images of a batch are computed at a time, if memory is short.
        notice: what a user should know about how it computes; empty for nothing.

    Raises:
        EngineError: if not even one image fits into memory, if the device is lost, or if it cannot be used.
    """

    def __init__(
        self,
        network: Network | nn.Module,
        dataset: Dataset | None,
        config: TrainConfig,
        preprocessing: Preprocessing,
        device: str = "cuda:0",
    ) -> None:
        self.device, self._device = device, torch.device(device)
        self.config, self.preprocessing = config, preprocessing
        self.threads = num_threads(config.threads)
        self.micro_batch: int | None = None
        self.notice = ""
        self._network = network if isinstance(network, Network) else None
        with first_use(device), memory_explained(device, FIRST_TOUCH, "for the network"):
            self.module = (trainable(network) if isinstance(network, Network) else network).to(self._device)
        with_device_dropout(self.module)
        self._views = Views(self.module, self._network)
        self._chunks: Chunks | None = None
        self._dataset = dataset
        if dataset is not None:
            with memory_explained(device, FIRST_TOUCH, "for the training set"):
                self.placed = Placed(dataset, self._device)
            with memory_explained(device, FIRST_TOUCH, "for the optimiser's state"):
                self.vectors = Vectors(self._views.initial, config, self._views.num_parameters)
            self._views.point_to(self.vectors.weights)
            self.optimizer: State = self.vectors.of(None, self._views.shapes)
            self._loss = Loss.of(config, dataset, self.vectors.weights)
            self.notice = self.placed.notice
        # After a lost device a training continues from its checkpoint; any other evaluation has lost nothing.
        self._evaluation = EVALUATION if dataset is None else dataclasses.replace(EVALUATION, lost=STEP.lost)

    @property
    def network(self) -> Network:
        """A copy of the network with its present weights."""
        architecture = self._known().architecture
        state = {name: tensor.detach().cpu().numpy() for name, tensor in self.module.state_dict().items()}
        return Network.of(architecture, state)

    @property
    def evaluated(self) -> Network:
        """A copy of the network that is evaluated and saved: with the averaged weights if the training averages them."""
        with self._averaged():
            return self.network

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Take the steps `start` to `stop - 1` of the plan.

        A loss that is not finite ends the chunk: it is the last of `losses`, and its step leaves the weights as they were.

        Raises:
            EngineError: if memory is short, the device is lost, or no graph can hold the network's steps.
        """
        began = time.perf_counter()
        self.module.train()
        with (
            torch_threads(self.threads),
            memory_explained(self.device, STEP, "in the training's steps"),
            on(self._device),
            arithmetic(self.config.precision),
        ):
            self._keep()
            result = self._run(plan, start, stop)
            losses, correct = result.losses, int(result.num_correct)
            num_good = num_good_steps(losses)
            if num_good < len(losses):  # the device has gone on; the same steps up to the bad one have the same bits
                losses = losses[: num_good + 1]
                self._go_back()
                correct = int(self._run(plan, start, start + num_good).num_correct) if num_good else 0
            self.optimizer.num_steps += num_good
        sizes = np.minimum(plan.batch_size, len(plan.order) - np.arange(start, start + len(losses)) * plan.batch_size)
        return Stats(losses, sizes, correct, time.perf_counter() - began)

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return logits (N, num_classes) of uint8 images (N, height, width); the device is waited for once."""

        def compute(chunk: Tensor) -> Tensor:
            with autocast(self.config.precision, self._device):
                logits: Tensor = self.module(to_input(chunk.to(self._device, non_blocking=True), self.preprocessing))
            return logits.float()

        with self._evaluating("in an evaluation"):
            parts = in_chunks(compute, of_images(images), self._images_at_once())
            logits: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
            return logits

    def outputs(self, images: Images) -> list[NDArray[np.float32]]:
        """Return the output of every layer, (N, *shape) each, for uint8 images (N, height, width)."""
        layers = self._known().architecture.layers
        with self._evaluating("in an evaluation"):
            return layer_outputs(self.module, layers, images, self.preprocessing, self.device)

    def input_gradient(self, images: Images, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the gradient of one logit of each image with respect to the network's input; computed in NumPy."""
        return gradients.of_images(self.evaluated, images, classes, self.preprocessing)

    def buffers(self) -> dict[str, Array]:
        """Return the buffers of a module that is no Network, such as running means, by name."""
        return {name: buffer.cpu().numpy() for name, buffer in self._views.buffers.items()}

    def load_buffers(self, buffers: Mapping[str, Array]) -> None:
        """Set what `buffers` returns."""
        for name, array in buffers.items():
            self._views.buffers[name].copy_(torch.from_numpy(array))

    def _run(self, plan: Plan, start: int, stop: int) -> Result:
        """Takes steps; what finds no memory when it is captured is captured again in smaller parts of a batch."""
        while True:
            size = min(self.micro_batch or len(plan.order), plan.batch_size, len(plan.order))
            divided = size < min(plan.batch_size, len(plan.order))
            if divided and (layer := layer_over_batch(self.module)):
                raise EngineError(
                    f"a batch of {plan.batch_size} images is not the sum of its parts: {layer} computes over all of it"
                )
            try:
                return self._chunks_for(plan).run([plan], start, stop, [self.optimizer.num_steps])
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if size == 1:
                    raise explained(error, self.device, STEP, "in a step of one image at a time") from error
                if layer := layer_over_batch(self.module):
                    doing = f"in a step of {size} images, which cannot be divided because of {layer}"
                    raise explained(error, self.device, ANY, doing) from error
                release_frames(error)
            self._chunks = None
            return_freed_memory()
            self._go_back()
            self.micro_batch = halved(size)

    def _chunks_for(self, plan: Plan) -> Chunks:
        """What takes the steps of such a plan; made anew for another size of batches or their parts."""
        chunks, size = self._chunks, plan.batch_size
        micro_batch = getattr(chunks.replay.step, "micro_batch", None) if chunks else None
        if chunks is None or chunks.stage.batch_size != size or micro_batch != self.micro_batch:
            self._chunks = None  # releases its memory
            num_classes = self._num_classes()
            stage = Stage(self.placed, self.preprocessing, (), size, num_classes, plan.num_steps)
            step = ModuleStep(self.module, stage, self.vectors, self._loss, self.config.precision)
            step.micro_batch = self.micro_batch
            replay = Replay(step, self._device, self._keep, self._go_back)
            chunks = self._chunks = Chunks(stage, self.vectors, replay, [self.config])
        return chunks

    def _num_classes(self) -> int:
        """How many logits the network computes."""
        if self._network is not None:
            return self._network.architecture.num_classes
        with evaluating(self.module), torch.no_grad():
            return int(self.module(torch.zeros(1, *self.placed.image_shape, device=self._device)).shape[1])

    def _keep(self) -> None:
        self.vectors.keep()
        self._views.keep()

    def _go_back(self) -> None:
        self.vectors.go_back()
        self._views.go_back()
        if self._chunks is not None:
            self._chunks.stage.row.zero_()

    def _known(self) -> Network:
        if self._network is None:
            raise EngineError("this engine computes an nn.Module, which is not a network of lenet's layers")
        return self._network

    def _images_at_once(self) -> int:
        largest = (
            4 * self._network.architecture.largest_output if self._network else EVALUATION_BYTES // EVALUATION_BATCH
        )
        return max(1, EVALUATION_BYTES // largest)

    @contextlib.contextmanager
    def _averaged(self) -> Iterator[None]:
        """The module computes with the averaged weights meanwhile, if there are any."""
        average = self.vectors.average if self._dataset is not None else None
        if average is None:
            yield
            return
        self._views.point_to(average)
        try:
            yield
        finally:
            self._views.point_to(self.vectors.weights)

    @contextlib.contextmanager
    def _evaluating(self, doing: str) -> Iterator[None]:
        """The module is in evaluation mode, with the weights to be evaluated."""
        with (
            self._averaged(),
            torch_threads(self.threads),
            memory_explained(self.device, self._evaluation, doing),
            on(self._device),
            arithmetic(self.config.precision),
            evaluating(self.module),
            torch.inference_mode(),
        ):
            yield
