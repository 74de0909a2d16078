"""The accuracy of a network on batches: by lenet's kernels where they can, else by the network itself."""

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
from lenet.networks.layers import BatchNorm, Dropout
from lenet.pytorch.lowering import from_module
from lenet.pytorch.modules import evaluating
from lenet.pytorch.tracing import chain

Net = nn.Module | Callable[..., Tensor]


def evaluate_accuracy(net: Any, data_iter: Any, device: Any = None) -> float:
    """Return the accuracy of a network: the book's `evaluate_accuracy`.

    Both published orders work, `(net, data_iter)` and `(data_iter, net, device)`: the types distinguish them.

    Fixed here: the published functions leave the network in evaluation mode, or in training mode whatever its mode was
    before; some compute gradients; without a batch they divide by zero.

    Args:
        net: an nn.Module, or a function; one with a parameter `is_training` is called with `is_training=False`.
        data_iter: batches `(X, y)`.
        device: where to compute; None for the network's own device.

    Returns:
        The share of the images that are classified correctly, 0 to 1.

    Raises:
        DataError: if there is no batch.
        ModelError: if the network does not take the images.
        EngineError: if there is no such device, or its memory is full.
        ConfigError: if the arguments are not a network and batches.
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
            with contextlib.suppress(
                EngineError, ModelError, RuntimeError
            ):  # those of PyTorch occur, and are explained, below
                return _accuracy(kernel_logits(net, data_iter, device), data_iter)
        stack.enter_context(torch.no_grad())
        return _count(net, data_iter, device)


def evaluate_accuracy_gpu(net: Any, data_iter: Any, device: Any = None) -> float:
    """Return what `evaluate_accuracy` returns, by the name of the book's later chapters; X may be a list of inputs.

    Args:
        net: as for `evaluate_accuracy`.
        data_iter: batches `(X, y)`.
        device: where to compute; None for the network's own device.

    Returns:
        The share of the images that are classified correctly, 0 to 1.

    Raises:
        DataError, ModelError, EngineError, ConfigError: as `evaluate_accuracy`.
    """
    return evaluate_accuracy(net, data_iter, device)


def kernel_logits(net: nn.Module, data_iter: Any, device: torch.device | None) -> Tensor:
    """Return the logits of all images of a BatchIterator, in the order of its Dataset, computed by lenet's kernels.

    Draws from PyTorch's generator what an iteration draws.

    Returns:
        float32 (N, num_classes).

    Raises:
        EngineError, ModelError: if the kernels cannot compute this network, device or iterator.
    """
    if not isinstance(data_iter, BatchIterator) or device is None or device.type != "cpu":
        raise EngineError("the CPU kernels compute only on the CPU and only from lenet's own iterators")
    layers = chain(net, data_iter.first(NUM_TRIED))
    network = from_module(layers, (1, *data_iter.size))
    lowered(network.architecture)  # raises before images are resized for nothing
    for layer in network.architecture.layers:
        if net.training and isinstance(layer, BatchNorm | Dropout):
            raise EngineError(
                f"the CPU kernels evaluate nn.{layer.kind} in evaluation mode; the network is in training mode"
            )
    dataset = data_iter.resized_dataset()
    config = TrainConfig(threads=torch.get_num_threads())
    logits = CpuEngine(network, None, config, Preprocessing(dataset.size)).logits(dataset.images)
    data_iter.order()
    return torch.from_numpy(logits)


def outputs(net: Net, batch: Any, **options: Any) -> Tensor:
    """Return `net(batch)`.

    Raises:
        ModelError: if the network does not take such images; it names the layer.
    """
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
    """Return the device of a network's weights; None for a function, and for a module without weights."""
    weights = next(net.parameters(), None) if isinstance(net, nn.Module) else None
    return None if weights is None else weights.device


def to_device(batch: Any, device: torch.device | None) -> Any:
    """Return a batch, a tensor or a list of tensors, on a device."""
    if device is None:
        return batch
    return [each.to(device) for each in batch] if isinstance(batch, list | tuple) else batch.to(device)


def try_network(net: nn.Module, inputs: Any, device: torch.device) -> None:
    """Compute a network's outputs once, and leave the network as it was.

    Raises:
        ModelError: if it does not take the inputs.
    """
    with evaluating(net), torch.no_grad():
        outputs(net, to_device(inputs, device))


def initialize_lazy(net: nn.Module, train_iter: Any) -> None:
    """Initialise layers that wait for a first batch, such as nn.LazyLinear; leave any other network as it is.

    Raises:
        ConfigError: if the iterator can be iterated only once, and would lose that batch.
    """
    lazy = [weights for weights in net.parameters() if isinstance(weights, nn.parameter.UninitializedParameter)]
    if not lazy:
        return
    inputs = first_inputs(train_iter)
    if inputs is None:
        raise ConfigError(
            "the network has layers that wait for a first batch, and the training iterator can be iterated only once",
            hint="compute a batch before: net(X); or pass a list, a DataLoader or what load_data_fashion_mnist returns",
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
    return accuracy(logits, torch.from_numpy(data_iter.source.labels)) / len(data_iter.source)


def _net_and_batches(first: Any, second: Any) -> tuple[Net, Iterable[Any]]:
    """The network and the batches; an nn.Sequential can be iterated too, and counts as a network."""
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


def _is_iterable(value: Any) -> bool:
    """Whether it can be iterated."""
    return hasattr(value, "__iter__") or hasattr(value, "__getitem__")


def _eval_options(net: Net) -> dict[str, bool]:
    """The arguments with which a network that is a function is evaluated."""
    if isinstance(net, nn.Module):
        return {}
    try:
        return {"is_training": False} if "is_training" in inspect.signature(net).parameters else {}
    except (TypeError, ValueError):  # a built-in function without a signature
        return {}
