"""What a fast engine is compared with: the same step in float64, and in plain PyTorch in float32."""

import copy
import hashlib
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from lenet.data.dataset import Dataset
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.tensors import to_input

Values = dict[str, Any]
COMPUTED: dict[str, Values] = {}
KEPT = 128  # of COMPUTED, the newest
UNIT = 2.0**-23  # the distance between neighbouring float32 numbers, relative to the larger


def gradients(
    model: nn.Module,
    images: Any,
    labels: Any,
    preprocessing: Preprocessing,
    dtype: torch.dtype,
    smoothing: float = 0.0,
    way: str = "native",
    weights: Any = None,
    teaching: tuple[Any, float, float] | None = None,
) -> Values:
    """Loss, logits and gradients, computed by PyTorch in `dtype` with one of its convolutions; each a float64 array.

    Every variant of the kernels is compared with the same values: what was computed for one is returned for the next.

    teaching: soft targets, their temperature and their share in the loss.
    """
    key = fingerprint(model, images, labels, preprocessing, dtype, smoothing, way, weights, teaching)
    if key not in COMPUTED:
        COMPUTED[key] = computed(model, images, labels, preprocessing, dtype, smoothing, way, weights, teaching)
    while len(COMPUTED) > KEPT:
        del COMPUTED[next(iter(COMPUTED))]
    return dict(COMPUTED[key])


def fingerprint(model: nn.Module, *arguments: Any) -> str:
    """What a computation depends on: the network, its weights and statistics, and the arguments, to the bit."""
    digest = hashlib.sha256(f"{model} {model.training}".encode())
    state = [array.detach().numpy() for array in model.state_dict().values()]
    taught = arguments[-1] or ()
    for value in (*state, *arguments[:-1], *taught):
        is_array = isinstance(value, np.ndarray)
        digest.update(f"{value.dtype} {value.shape}".encode() + value.tobytes() if is_array else repr(value).encode())
    return digest.hexdigest()


def computed(
    model: nn.Module,
    images: Any,
    labels: Any,
    preprocessing: Preprocessing,
    dtype: torch.dtype,
    smoothing: float,
    way: str,
    weights: Any,
    teaching: tuple[Any, float, float] | None,
) -> Values:
    """What `gradients` returns, computed anew."""
    model = copy.deepcopy(model).to(dtype)
    model.zero_grad(set_to_none=True)
    layout = torch.channels_last if way == "channels last" else torch.contiguous_format
    inputs = to_input(torch.from_numpy(images), preprocessing).to(dtype).contiguous(memory_format=layout)
    with torch.backends.mkldnn.flags(enabled=way != "native", allow_tf32=None):
        logits = model(inputs)
        weight = None if weights is None else torch.tensor(weights, dtype=dtype)
        loss = F.cross_entropy(logits, torch.from_numpy(labels), weight, label_smoothing=smoothing)
        if teaching is not None:
            targets, temperature, share = teaching
            log_p = (torch.from_numpy(targets).to(dtype) / temperature).log_softmax(1)
            losses = temperature**2 * (log_p.exp() * (log_p - (logits / temperature).log_softmax(1))).sum(1)
            counts = torch.ones_like(losses) if weight is None else weight[torch.from_numpy(labels)]
            loss = (1 - share) * loss + share * (losses * counts).sum() / counts.sum()
        loss.backward()
    names = ["loss", "logits", *(name for name, _ in model.named_parameters())]
    values = [loss.detach(), logits.detach(), *(p.grad for p in model.parameters())]
    return {name: value.double().numpy() for name, value in zip(names, values, strict=True)}


def error(values: Any, exact: Any) -> float:
    """The largest error, relative to the largest exact value."""
    return float(np.abs(values - exact).max() / max(np.abs(exact).max(), 1e-30))


def margin(model: nn.Module, images: Any, preprocessing: Preprocessing) -> float:
    """The smallest distance of an activation from a kink: a ReLU at zero, or two equal candidates of a max-pooling.

    Closer than rounding errors, float32 and float64 may each correctly take the other side.
    """
    model = copy.deepcopy(model).double()
    nearest = [float("inf")]

    def at_relu(layer: nn.Module, inputs: Any, output: Any) -> None:
        nearest.append(inputs[0].abs().min().item())

    def at_max(layer: nn.Module, inputs: Any, output: Any) -> None:
        windows = F.unfold(inputs[0].flatten(0, 1).unsqueeze(1), 2, stride=2)  # (N·C, 4, windows)
        two = windows.topk(2, dim=1).values
        gaps = (two[:, 0] - two[:, 1])[two[:, 0] != 0]  # all at ReLU's zero: no gradient either way
        if gaps.numel():
            nearest.append(gaps.min().item())

    for layer in model.modules():
        if isinstance(layer, nn.ReLU | nn.LeakyReLU):
            layer.register_forward_hook(at_relu)
        if isinstance(layer, nn.MaxPool2d):
            layer.register_forward_hook(at_max)
    with torch.no_grad():
        model(to_input(torch.from_numpy(images), preprocessing).double())
    return min(nearest)


def errors_against_float64(
    model: nn.Module,
    dataset: Dataset,
    smoothing: float,
    found: dict[str, Any],
    preprocessing: Preprocessing,
    weights: Any = None,
    teaching: Any = None,
) -> tuple[dict[str, float], dict[str, float]]:
    """The errors of our gradients, each and averaged over the tensors, of loss and logits; and those of plain float32.

    PyTorch computes a small case in one order of sums, and by luck may hit it, on one processor or another; so the largest
    error of its four ways is taken: its own convolutions, those of oneDNN, those with channels last, and its own with the
    images in reverse.
    """
    arguments = (dataset.images, dataset.labels, preprocessing)
    exact = gradients(model, *arguments, torch.float64, smoothing, weights=weights, teaching=teaching)
    names = [name for name, _ in model.named_parameters()]

    def errors(values: dict[str, Any]) -> dict[str, float]:
        return {
            **(each := {f"gradient of {name}": error(values[name], exact[name]) for name in names}),
            "gradients": float(np.mean([*each.values()])),
            "loss": error(values["loss"], exact["loss"]),
            "logits": error(values["logits"], exact["logits"]),
        }

    plain = [
        gradients(model, *arguments, torch.float32, smoothing, way, weights, teaching)
        for way in ("native", "onednn", "channels last")
    ]
    taught = None if teaching is None else (teaching[0][::-1].copy(), *teaching[1:])
    back = (dataset.images[::-1].copy(), dataset.labels[::-1].copy(), preprocessing)
    reverse = gradients(model, *back, torch.float32, smoothing, weights=weights, teaching=taught)
    each = [errors(values) for values in (*plain, reverse | {"logits": reverse["logits"][::-1]})]
    return errors(found), {name: max(of_way[name] for of_way in each) for name in each[0]}


def check(ours: dict[str, float], theirs: dict[str, float]) -> None:
    """At most twice the error of plain PyTorch, where that is more than a few units in the last place."""
    for name in ("gradients", "loss", "logits"):
        assert ours[name] <= 2 * max(theirs[name], 3 * UNIT), (name, ours, theirs)
