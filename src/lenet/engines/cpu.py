"""The fast CPU engine: a whole chunk of training steps in one native call. `docs/engines.md` explains its kernels.

    reason = refusal(model, (28, 28))  # None, or why the kernels cannot compute this network
    engine = CpuEngine(model, dataset, config, preprocessing)
    stats = engine.train_steps(plan, 0, plan.num_steps)

The weights stay in the module and the optimiser's state in `Optimizer`, both updated in place, so that a checkpoint of
this engine opens in the reference engine and back.
"""

import ctypes
import itertools
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset, Images
from lenet.data.plan import Plan
from lenet.engines import Stats, kernels
from lenet.engines.optimizer import Optimizer
from lenet.engines.state import Stateful
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.models import LeNet

MAX_BLOCKS, MAX_HIDDEN, MAX_CLASSES, MAX_EDGE, MAX_KERNEL, MAX_WIDTH, MAX_THREADS = 3, 4, 100, 64, 11, 4096, 256
MAX_WEIGHTS = 1 << 26  # so that all that belongs to one layer can be counted in 31 bits
ALIGNMENT = 64  # bytes: a line of the cache, a vector of AVX-512

# The numbers of interface.h.
ACTIVATIONS: dict[type[nn.Module], int] = {nn.Sigmoid: 0, nn.Tanh: 1, nn.ReLU: 2}
POOLINGS: dict[type[nn.Module], int] = {nn.MaxPool2d: 0, nn.AvgPool2d: 1}
OPTIMIZERS = {"sgd": 0, "adam": 1, "adamw": 2}


class CpuEngine(Stateful):
    """Trains `model`, in place, on `dataset` as `config` says, and computes its logits, with native kernels.

    Arguments, methods and results as ReferenceEngine. It computes with as many threads as PyTorch is set to, which it never
    changes; the same seed, threads and processor give the same bits. variant: the kernels for "avx512", "avx2", "sse4" or
    "neon" instead of the best this processor has. Raises EngineError for what the kernels cannot compute.
    """

    def __init__(
        self,
        model: nn.Module,
        dataset: Dataset | None,
        config: TrainConfig,
        preprocessing: Preprocessing,
        variant: str | None = None,
    ) -> None:
        self._library = kernels.library()
        self._variant = kernels.variant_number(variant)
        self._network = network_of(model, preprocessing.size)
        self.model = model
        self.config = config
        mean, std = preprocessing.mean, preprocessing.std
        self._seen = (mean, std, mean == 0 and std == 1)
        self.micro_batch: int | None = None  # and stays so: it takes sixteen pictures at a time, whatever the batch
        self._workspace = np.empty(0, np.uint8)
        self._num_weights = sum(parameter.numel() for parameter in model.parameters())
        if dataset is not None:
            if not all(parameter.requires_grad for parameter in model.parameters()):
                raise _refused("weights that are not to be trained", "those with requires_grad")
            self._pictures = self._checked(dataset.images)
            num_classes = self._network.widths[self._network.num_dense - 1]
            if dataset.labels.max() >= num_classes:
                raise EngineError(
                    f"{dataset.name} has a label {dataset.labels.max()}; the network has {num_classes} classes",
                    hint="labels count from 0: a network for as many classes as the largest label and one",
                )
            self._labels = dataset.labels
            self.optimizer = Optimizer(model, config)

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Takes the steps `start` to `stop - 1` of the plan, changing the weights in place.

        A loss that is not finite ends the chunk: it is the last of `losses`, and its step leaves the weights as they were.
        """
        self.model.train()
        began = time.perf_counter()
        arrays, kept = self._plan(plan, start, stop)
        optimizer, kept_too = self._optimizer(plan.learning_rates[start:stop])
        pictures = kernels.Pictures(self._pictures.ctypes.data, self._labels.ctypes.data, *self._seen)
        losses = np.zeros(stop - start)  # float64
        correct = ctypes.c_int64()
        threads = self._threads()
        done = self._library.lenet_train(
            self._variant,
            self._network,
            pictures,
            arrays,
            optimizer,
            start,
            stop,
            losses.ctypes.data,
            correct,
            self._space(threads, training=True),
            threads,
        )
        del kept, kept_too  # what the structures point to lived until here
        _must_have_run(done, threads)
        losses = losses[:done]
        self.optimizer.num_steps += done if np.isfinite(losses).all() else done - 1
        sizes = np.minimum(plan.batch_size, len(plan.order) - np.arange(start, start + done) * plan.batch_size)
        return Stats(losses, sizes, correct.value, time.perf_counter() - began)

    def logits(self, images: Images) -> Tensor:
        """Logits `(N, num_classes)`, float32, of uint8 pictures `(N, height, width)`; keeps the mode."""
        images = self._checked(images)
        weights = np.concatenate([parameter.detach().numpy().ravel() for parameter in self.model.parameters()])
        logits = np.empty((len(images), self._network.widths[self._network.num_dense - 1]), np.float32)
        if len(weights) != self._num_weights:
            raise EngineError(
                f"the model has {len(weights):,} weights now, and had {self._num_weights:,}",
                hint="make a new engine for it",
            )
        threads = self._threads()
        pictures = kernels.Pictures(images.ctypes.data, None, *self._seen)
        done = self._library.lenet_logits(
            self._variant,
            self._network,
            pictures,
            len(images),
            weights.ctypes.data,
            logits.ctypes.data,
            self._space(threads, training=False),
            threads,
        )
        _must_have_run(done, threads)
        return torch.from_numpy(logits)

    def _threads(self) -> int:
        return min(torch.get_num_threads(), MAX_THREADS)

    def _space(self, threads: int, training: bool) -> int:
        """The address of as much memory as the kernels need to compute in: training's does not outlive an evaluation."""
        needed = self._library.lenet_workspace_size(self._variant, self._network, threads, training) + ALIGNMENT
        if len(self._workspace) != needed:
            self._workspace = np.empty(0, np.uint8)  # given back before more is asked for
            try:
                self._workspace = np.empty(needed, np.uint8)
            except MemoryError as error:
                raise EngineError(
                    f"the CPU kernels need {needed / 1e9:.1f} GB to compute in, which are not to be had",
                    hint="take fewer threads, a smaller network, or --engine reference",
                ) from error
        address: int = self._workspace.ctypes.data
        return -(-address // ALIGNMENT) * ALIGNMENT

    def _checked(self, images: Images) -> Images:
        """The pictures, contiguous; an EngineError if they are not of the network's shape and uint8."""
        network = self._network
        shape = (network.height, network.width) + ((network.in_channels,) if network.in_channels > 1 else ())
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != shape:
            what = (
                f"{images.dtype} of shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
            )
            raise EngineError(f"the pictures are {what}; expected uint8 of shape (N, {', '.join(map(str, shape))})")
        return np.ascontiguousarray(images)

    def _plan(self, plan: Plan, start: int, stop: int) -> tuple[kernels.Plan, list[NDArray[Any]]]:
        """The plan for the kernels, and the arrays it points to. They are checked: the kernels trust them."""
        if not 0 <= start < stop <= plan.num_steps or plan.batch_size < 1:
            raise EngineError(f"steps {start} to {stop} of a plan of {plan.num_steps}")
        positions = slice(start * plan.batch_size, min(stop * plan.batch_size, len(plan.order)))
        if (stop - 1) * plan.batch_size >= len(plan.order):
            raise EngineError(f"the plan has {plan.num_steps} steps, but an order of {len(plan.order)} pictures")
        order = _array("order", plan.order, np.int64, (len(plan.order),))
        chosen = order[positions]
        if chosen.min() < 0 or chosen.max() >= len(self._pictures):
            odd = chosen[(chosen < 0) | (chosen >= len(self._pictures))][0]
            raise EngineError(f"the order has a picture {odd}; there are {len(self._pictures)}")
        flips = None if plan.flips is None else _array("flips", plan.flips, np.bool_, (len(order),))
        shifts = None if plan.shifts is None else _array("shifts", plan.shifts, np.int64, (len(order), 2))
        if shifts is not None and np.abs(shifts).max() > MAX_EDGE:
            raise EngineError(f"the plan has a shift of {np.abs(shifts).max()} pixels; expected at most {MAX_EDGE}")
        kept = [array for array in (order, flips, shifts) if array is not None]
        pointers = [None if array is None else array.ctypes.data for array in (order, flips, shifts)]
        return kernels.Plan(*pointers, len(order), plan.batch_size), kept

    def _optimizer(self, rates: NDArray[np.float64]) -> tuple[kernels.Optimizer, list[NDArray[Any]]]:
        """The optimiser for the kernels, at these learning rates, and the arrays it points to."""
        state, config = self.optimizer, self.config
        steps = state.num_steps + 1 + np.arange(len(rates))
        rates = _array("learning rates", rates, np.float64, (len(rates),))
        corrections = [1 - beta ** steps.astype(np.float64) for beta in (state.BETA1, state.BETA2)]
        moments = [moment.data_ptr() for moment in state.moments.values()] + [None, None]
        arrays = [rates, *corrections]
        return kernels.Optimizer(
            kind=OPTIMIZERS[config.optimizer],
            nesterov=config.nesterov,
            momentum=config.momentum,
            beta1=state.BETA1,
            beta2=state.BETA2,
            epsilon=state.EPSILON,
            weight_decay=config.weight_decay,
            label_smoothing=config.label_smoothing,
            weights=state.weights.data_ptr(),
            gradient=state.gradient.data_ptr(),
            first=moments[0],
            second=moments[1],
            rates=rates.ctypes.data,
            first_corrections=corrections[0].ctypes.data,
            second_corrections=corrections[1].ctypes.data,
        ), arrays


def network_of(model: nn.Module, size: tuple[int, int]) -> kernels.Network:
    """The network for the kernels. Raises EngineError, naming the layer, for what they cannot compute."""
    if max(size) > MAX_EDGE:
        raise _refused(f"pictures of {size[0]}×{size[1]}", f"at most {MAX_EDGE}×{MAX_EDGE}")
    layers = _layers(model)
    flatten = next((i for i, layer in enumerate(layers) if isinstance(layer, nn.Flatten | nn.Linear)), len(layers))
    convolutions, pooling = _convolutions(layers[:flatten])
    dense = _dense(layers[flatten:])
    kinds = [_number(ACTIVATIONS, layer, "activation") for layer in [*layers[1:flatten:3], *layers[flatten + 2 :: 2]]]
    if len(set(kinds)) > 1:
        raise _refused("more than one kind of activation", "the same everywhere")
    height, width = size
    weighted: list[nn.Conv2d | nn.Linear] = [*convolutions, *dense]
    for before, layer in itertools.pairwise(weighted):
        inputs, outputs = layer.weight.size(1), before.weight.size(0)
        if type(before) is type(layer) and inputs != outputs:
            raise _refused(f"{_named(layer)} of {inputs} inputs behind one of {outputs} outputs", "layers that fit")
    for layer in convolutions:
        lost = layer.kernel_size[0] - 1 - 2 * int(layer.padding[0])
        height, width = (height - lost) // 2, (width - lost) // 2
    channels = convolutions[-1].out_channels if convolutions else dense[0].in_features // (height * width)
    in_channels = convolutions[0].in_channels if convolutions else channels
    if min(height, width) < 1 or in_channels not in (1, 3) or dense[0].in_features != channels * height * width:
        what = f"{dense[0].in_features} features of pictures of {size[0]}×{size[1]} with {in_channels} channels"
        raise _refused(what, "1 or 3 channels, and as many features as the layers before leave")
    parameters = list(model.parameters())
    if len(parameters) != 2 * (len(convolutions) + len(dense)):
        raise _refused("layers that share weights", "layers of their own")
    expected = sum(layer.out_channels * (layer.in_channels * layer.kernel_size[0] ** 2 + 1) for layer in convolutions)
    expected += sum(layer.out_features * (layer.in_features + 1) for layer in dense)
    num_weights = sum(parameter.numel() for parameter in parameters)
    if num_weights != expected:
        raise _refused(f"{num_weights:,} weights", f"the {expected:,} that the sizes of the layers make")
    if num_weights > MAX_WEIGHTS:
        raise _refused(f"{num_weights:,} weights", f"at most {MAX_WEIGHTS:,}")
    for parameter in parameters:
        if parameter.dtype != torch.float32 or parameter.device.type != "cpu":
            raise _refused(f"weights of {parameter.dtype} on {parameter.device}", "torch.float32 on cpu")
    blocks = [kernels.Block(layer.out_channels, layer.kernel_size[0], int(layer.padding[0])) for layer in convolutions]
    return kernels.Network(
        in_channels=in_channels,
        height=size[0],
        width=size[1],
        activation=kinds[0] if kinds else 0,
        pooling=pooling,
        num_blocks=len(blocks),
        num_dense=len(dense),
        blocks=(kernels.Block * MAX_BLOCKS)(*blocks),
        widths=(ctypes.c_int32 * (MAX_HIDDEN + 1))(*[layer.out_features for layer in dense]),
    )


def _layers(model: nn.Module) -> list[nn.Module]:
    """The layers in the order in which a picture meets them."""
    for layer in model.modules():
        if layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks:
            raise _refused(f"{_named(layer)} with a hook", "layers without hooks, which they would not call")
    if type(model) is LeNet:
        return [*model.conv, nn.Flatten(), *model.fc]
    if isinstance(model, nn.Sequential) and type(model).forward is nn.Sequential.forward:
        return list(model)
    raise _refused(
        f"a model of type {type(model).__name__}", "LeNet, LeNetAvg, MLP, Softmax or an nn.Sequential like them"
    )


def _convolutions(layers: list[nn.Module]) -> tuple[list[nn.Conv2d], int]:
    """The convolutions of the blocks, each with activation and pooling after it, and the number of the pooling."""
    convolutions, poolings = [], []
    for convolution, activation, pooling in itertools.zip_longest(layers[0::3], layers[1::3], layers[2::3]):
        if type(convolution) is not nn.Conv2d:
            raise _refused(f"{_named(convolution)} at the beginning of a block", "nn.Conv2d")
        if activation is None or pooling is None:
            raise _refused("a convolution without activation and pooling", "both, in this order")
        _check_convolution(convolution)
        convolutions.append(convolution)
        poolings.append(_number(POOLINGS, pooling, "pooling"))
        plain = {
            "kernel_size": 2,
            "stride": 2,
            "padding": 0,
            "dilation": 1,
            "ceil_mode": False,
            "return_indices": False,
        }
        for name, value in {**plain, "divisor_override": None}.items():
            if getattr(pooling, name, value) not in (value, (value, value)):
                raise _refused(f"a pooling with {name} {getattr(pooling, name)}", f"{value}")
    if len(convolutions) > MAX_BLOCKS:
        raise _refused(f"{len(convolutions)} convolutions", f"at most {MAX_BLOCKS}")
    if len(set(poolings)) > 1:
        raise _refused("more than one kind of pooling", "the same everywhere")
    return convolutions, poolings[0] if poolings else 0


def _check_convolution(layer: nn.Conv2d) -> None:
    for name, plain in {"stride": (1, 1), "dilation": (1, 1), "groups": 1, "padding_mode": "zeros"}.items():
        if getattr(layer, name) != plain:
            raise _refused(f"a convolution with {name} {getattr(layer, name)}", f"{plain}")
    kernel, padding = layer.kernel_size, layer.padding
    if kernel[0] != kernel[1] or kernel[0] > MAX_KERNEL:
        raise _refused(f"a kernel of {kernel[0]}×{kernel[1]}", f"a square of at most {MAX_KERNEL}×{MAX_KERNEL}")
    if isinstance(padding, str) or padding[0] != padding[1] or padding[0] >= kernel[0]:
        raise _refused(f"a padding of {padding}", "the same on all sides, smaller than the kernel")
    if layer.bias is None:
        raise _refused("a convolution without bias", "one with")
    if layer.out_channels > MAX_WIDTH:
        raise _refused(f"a convolution with {layer.out_channels} channels", f"at most {MAX_WIDTH}")


def _dense(layers: list[nn.Module]) -> list[nn.Linear]:
    """The dense layers behind nn.Flatten, with activations between them."""
    flatten, *layers = layers or [nn.Identity()]
    if type(flatten) is not nn.Flatten or (flatten.start_dim, flatten.end_dim) != (1, -1):
        raise _refused(f"{_named(flatten)} before the dense layers", "nn.Flatten()")
    dense: list[nn.Linear] = []
    for layer in layers[0::2]:
        if type(layer) is not nn.Linear or layer.bias is None:
            raise _refused(f"{_named(layer)} among the dense layers", "nn.Linear with a bias")
        dense.append(layer)
    if len(layers) % 2 == 0:
        raise _refused("no dense layer at the end", "nn.Linear")
    if len(dense) > MAX_HIDDEN + 1:
        raise _refused(f"{len(dense) - 1} hidden dense layers", f"at most {MAX_HIDDEN}")
    if not 2 <= dense[-1].out_features <= MAX_CLASSES:
        raise _refused(f"{dense[-1].out_features} classes", f"2 to {MAX_CLASSES}")
    widest = max(layer.out_features for layer in dense)
    if widest > MAX_WIDTH:
        raise _refused(f"a dense layer of width {widest}", f"at most {MAX_WIDTH}")
    return dense


def _number(known: dict[type[nn.Module], int], layer: nn.Module, what: str) -> int:
    """The number of the layer's kind in interface.h."""
    if type(layer) not in known:
        raise _refused(f"{_named(layer)} as {what}", " or ".join(f"nn.{kind.__name__}" for kind in known))
    return known[type(layer)]


def _named(layer: nn.Module) -> str:
    return f"nn.{type(layer).__name__}"


def _refused(what: str, expected: str) -> EngineError:
    hint = "take --engine reference, which knows any network"
    return EngineError(f"the CPU kernels do not know {what}; they know {expected}", hint=hint)


def _must_have_run(done: int, threads: int) -> None:
    """Raises EngineError if a call of the kernels says that it had no threads to compute with."""
    if done < 0:
        raise EngineError(f"the system gave no {threads} threads", hint="take fewer with --threads")


def _array(name: str, array: NDArray[Any], dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array, contiguous; an EngineError if it is of another type or shape."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
        what = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise EngineError(f"the {name} of the plan are {what}; expected {np.dtype(dtype)} of shape {shape}")
    return np.ascontiguousarray(array)
