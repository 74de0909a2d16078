"""The exercises of the LeNet chapter as comparisons: what is varied, and with which settings.

*Dive into Deep Learning*, chapter "Convolutional Neural Networks (LeNet)", exercises; the claim about neighbouring pixels is
of the chapter before it. `laboratory.py` carries them out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lenet.data.dataset import Dataset, Splits


@dataclass(frozen=True)
class Comparison:
    """variations: by name, the settings that differ from the recipe's, the chapter's own first; `data` may be one of them.

    permuted: the names of the variations whose pictures have their pixels permuted. pairs: which are compared in words, by
    default each with the first. nested: the runs of one are the beginnings of another's with the same seed.
    """

    question: str
    recipe: str
    variations: Mapping[str, Mapping[str, Any]]
    permuted: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    nested: bool = False


# The chapter's sigmoids at its learning rate, and ReLUs at one that suits them.
NONLINEAR: dict[str, dict[str, Any]] = {"sigmoid": {}, "ReLU": {"activation": "relu", "learning_rate": 0.1}}


def _with_both(
    question: str, setting: str, values: Mapping[str, Any], form: str = "{label}, {activation}", **others: Any
) -> Comparison:
    """Each value of a setting, by its label, with sigmoids and with ReLUs; with either, each is compared with the first."""
    first, *rest = values
    name = {
        (label, activation): form.format(label=label, activation=activation)
        for activation in NONLINEAR
        for label in values
    }
    return Comparison(
        question,
        "book-sgd",
        {
            name[label, activation]: {setting: values[label], **others, **NONLINEAR[activation]}
            for label, activation in name
        },
        pairs=tuple((name[first, activation], name[other, activation]) for activation in NONLINEAR for other in rest),
    )


def _each(setting: str, form: str, *values: Any, **others: Any) -> dict[str, dict[str, Any]]:
    return {form.format(value): {setting: value, **others} for value in values}


COMPARISONS: dict[str, Comparison] = {
    "pooling": _with_both("Average against max-pooling", "pooling", {"avg": "avg", "max": "max"}),
    "kernel-size": Comparison(
        "The size of the convolution kernels", "book-sgd", _each("kernel_size", "{0}×{0}", 5, 3, 7)
    ),
    "channels": Comparison(
        "The number of channels",
        "book-sgd",
        _each("channels", "{0[0]} and {0[1]}", (6, 16), (3, 8), (12, 32), (24, 64)),
    ),
    "convolutions": _with_both(
        "The number of convolutional layers, with kernels of 3×3",
        "channels",
        {"2": (6, 16), "1": (6,), "3": (6, 16, 32)},
        kernel_size=3,
    ),
    "dense": Comparison(
        "The number of dense layers",
        "book-sgd",
        {"120, 84, 10": {}}
        | {", ".join(map(str, [*hidden, 10])): {"hidden": hidden} for hidden in ((), (84,), (240, 120, 84))},
    ),
    "activation": Comparison(
        "The activation, at the chapter's learning rate and at a smaller one",
        "book-sgd",
        {
            f"{activation}, rate {rate}": {"activation": activation, "learning_rate": rate}
            for activation in ("sigmoid", "tanh", "relu")
            for rate in (0.9, 0.1)
        },
    ),
    "learning-rate": Comparison(
        "The learning rate", "book-sgd", _each("learning_rate", "{0}", 0.9, 0.1, 0.3, 1.5, 2.5)
    ),
    "init": _with_both(
        "The initial weights",
        "init",
        {"xavier-uniform": "xavier-uniform", "default": "default"},
        form="{activation}, {label}",
    ),
    "epochs": Comparison("The number of epochs", "book-sgd", _each("epochs", "{0}", 10, 5, 20, 30), nested=True),
    "mnist": _with_both("MNIST instead of Fashion-MNIST", "data", {"fashion-mnist": "fashion-mnist", "mnist": "mnist"}),
    "neighbours": Comparison(
        "Who needs neighbouring pixels: all pictures with their pixels in another order, always the same",
        "fast",
        {
            "LeNet": {},
            "LeNet, pixels permuted": {},
            "MLP": {"model": "mlp"},
            "MLP, pixels permuted": {"model": "mlp"},
        },
        permuted=("LeNet, pixels permuted", "MLP, pixels permuted"),
        pairs=(
            ("LeNet", "MLP"),
            ("LeNet", "LeNet, pixels permuted"),
            ("MLP", "MLP, pixels permuted"),
            ("LeNet, pixels permuted", "MLP, pixels permuted"),
        ),
    ),
}


def permuted(splits: Splits, seed: int = 0) -> Splits:
    """The same pictures with their pixels in another order, drawn once from `seed`: the same for all of them."""
    height, width = splits.train.size
    order = np.random.default_rng(seed).permutation(height * width)

    def each(dataset: Dataset) -> Dataset:
        flat = dataset.images.reshape(len(dataset), height * width)
        return Dataset(
            f"{dataset.name}-permuted", flat[:, order].reshape(-1, height, width), dataset.labels, dataset.classes
        )

    return Splits(each(splits.train), each(splits.test), f"{splits.source}, pixels permuted")


def noisy(images: Any, deviation: float, seed: int = 0) -> Any:
    """The pictures with normal noise of that standard deviation, in grey levels of 255, on every pixel."""
    noise = np.random.default_rng(seed).normal(0.0, deviation, images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def strangers(own: Dataset, other: Dataset) -> dict[str, Any]:
    """Pictures of something else than the network was trained on, by name; uint8 `(N, height, width)`."""
    shape = own.images.shape
    random = np.random.default_rng(0)
    makers: dict[str, Callable[[], Any]] = {
        f"{own.name}, its own": lambda: own.images,
        other.name: lambda: other.images,
        f"{own.name}, inverted": lambda: 255 - own.images,
        f"{own.name}, upside down": lambda: own.images[:, ::-1],
        "noise, each pixel by chance": lambda: random.integers(0, 256, shape, dtype=np.uint8),
        "one grey all over": lambda: np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None, None], (256, *shape[1:])),
    }
    return {name: np.ascontiguousarray(make()) for name, make in makers.items()}
