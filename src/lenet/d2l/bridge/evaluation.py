"""How good a network is on an iterator of batches: by lenet's kernels where they can, otherwise by the network itself."""

import contextlib
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.d2l.bridge.batches import NUM_TRIED, BatchIterator, first_inputs, no_batches, pair
from lenet.d2l.bridge.devices import find_device
from lenet.d2l.bridge.measuring import accuracy
from lenet.d2l.bridge.shape_errors import explain_shape_error
from lenet.engines.cpu import CpuEngine
from lenet.engines.lowering import lowered
from lenet.engines.memory import ANY, FIRST_TOUCH, memory_explained
from lenet.errors import ConfigError, EngineError, ModelError
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.lowering import from_module
from lenet.pytorch.modules import evaluating
from lenet.pytorch.tracing import chain

Net = nn.Module | Callable[..., Tensor]


def evaluate_accuracy(net: Any, data_iter: Any, device: Any = None) -> float:
    """The share of the pictures that `net` classifies rightly.

    Both published orders: `(net, data_iter)` and `(data_iter, net, device=None)`, told apart by what they are. net: an
    nn.Module, on its own device unless another is named, or a function, which is told `is_training=False` if it has such a
    parameter. Raises DataError if there is no batch, ModelError if the pictures do not fit the network.

    Mended: the published ones leave the network in evaluation mode, or in training mode whatever it was in before; some
    compute gradients; without a batch they divide by zero.
    """
    net, data_iter = _net_and_batches(net, data_iter)
    device = device_of(net) if device is None else find_device(device)
    with contextlib.ExitStack() as stack:
        stack.enter_context(memory_explained(device or "cpu", ANY, "in an evaluation"))
        if isinstance(net, nn.Module):
            stack.enter_context(evaluating(net))
            if device is not None:
                with memory_explained(device, FIRST_TOUCH, "for the network"):
                    net.to(device)
            with contextlib.suppress(EngineError, ModelError, RuntimeError):  # PyTorch's own is explained below
                return _accuracy(kernel_logits(net, data_iter, device), data_iter)
        stack.enter_context(torch.no_grad())
        return _count(net, data_iter, device)


def evaluate_accuracy_gpu(net: Any, data_iter: Any, device: Any = None) -> float:
    """The same under the name of the book's later chapters; X may be a list of inputs."""
    return evaluate_accuracy(net, data_iter, device)


def kernel_logits(net: nn.Module, data_iter: Any, device: torch.device | None) -> Tensor:
    """Logits `(N, num_classes)` of all pictures of a BatchIterator, in the order of its Dataset, by lenet's kernels.

    Draws from PyTorch's generator what iterating would. Raises EngineError or ModelError for what the kernels do not know.
    """
    if not isinstance(data_iter, BatchIterator) or device is None or device.type != "cpu":
        raise EngineError("the CPU kernels take lenet's own iterators on the CPU alone")
    layers = chain(net, data_iter.first(NUM_TRIED))
    network = from_module(layers, (1, *data_iter.size))
    lowered(network.architecture)  # before images are resized that the kernels would not take
    dataset = data_iter.resized_dataset()
    config = TrainConfig(threads=torch.get_num_threads())
    logits = CpuEngine(network, None, config, Preprocessing(dataset.size)).logits(dataset.images)
    data_iter.order()
    return torch.from_numpy(logits)


def outputs(net: Net, batch: Any, **options: Any) -> Tensor:
    """`net(batch)`; a network that does not take such pictures is a ModelError that names the layer."""
    try:
        return net(batch, **options)
    except RuntimeError as error:
        if (
            isinstance(net, nn.Module)
            and isinstance(batch, Tensor)
            and (found := explain_shape_error(net, batch, error))
        ):
            raise found from error
        raise


def device_of(net: Net) -> torch.device | None:
    """Where the weights of a network are; None for a function, and for a module without any."""
    weights = next(net.parameters(), None) if isinstance(net, nn.Module) else None
    return None if weights is None else weights.device


def to_device(batch: Any, device: torch.device | None) -> Any:
    """A tensor, or a list of them, on the device."""
    if device is None:
        return batch
    return [each.to(device) for each in batch] if isinstance(batch, list | tuple) else batch.to(device)


def try_network(net: nn.Module, inputs: Any, device: torch.device) -> None:
    """Computes inputs once, and leaves the network as it was. Raises ModelError if it does not take them."""
    with evaluating(net), torch.no_grad():
        outputs(net, to_device(inputs, device))


def initialize_lazy(net: nn.Module, train_iter: Any) -> None:
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
    try_network(net, inputs, lazy[0].device)


def _count(net: Net, data_iter: Iterable[Any], device: torch.device | None) -> float:
    options = _eval_options(net)
    num_correct, count = 0.0, 0
    for batch in data_iter:
        inputs, labels = pair(batch)
        labels = to_device(labels, device)
        num_correct += accuracy(outputs(net, to_device(inputs, device), **options), labels)
        count += labels.numel()
    if count == 0:
        raise no_batches("the iterator to evaluate on")
    return num_correct / count


def _accuracy(logits: Tensor, data_iter: BatchIterator) -> float:
    return accuracy(logits, torch.from_numpy(data_iter.dataset.labels)) / len(data_iter.dataset)


def _net_and_batches(first: Any, second: Any) -> tuple[Net, Iterable[Any]]:
    """The network and the iterator; an nn.Sequential can be iterated too, but is a network first."""
    for net, data_iter in ((first, second), (second, first)):
        if isinstance(net, nn.Module) and not isinstance(data_iter, nn.Module) and _is_iterable(data_iter):
            return net, data_iter
    for net, data_iter in ((first, second), (second, first)):
        if callable(net) and not _is_iterable(net) and _is_iterable(data_iter):
            return net, data_iter
    raise ConfigError(
        f"expected a network and an iterator of batches, in either order; got {type(first).__name__} and "
        f"{type(second).__name__}"
    )


def _is_iterable(thing: Any) -> bool:
    """Whether it can be iterated."""
    return hasattr(thing, "__iter__") or hasattr(thing, "__getitem__")


def _eval_options(net: Net) -> dict[str, bool]:
    """`is_training=False` for a function that asks for it."""
    if isinstance(net, nn.Module):
        return {}
    try:
        return {"is_training": False} if "is_training" in inspect.signature(net).parameters else {}
    except (TypeError, ValueError):  # a built-in function has no signature to look at
        return {}
