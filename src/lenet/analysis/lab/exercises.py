"""The exercises of the LeNet chapter that compare variations: what is varied, and with which settings.

*Dive into Deep Learning*, chapter "Convolutional Neural Networks (LeNet)", exercises; the claim about neighbouring pixels is
from the chapter before it.
"""

from collections.abc import Mapping
from typing import Any

from lenet.analysis.lab.comparisons import Comparison

# The chapter's sigmoids at its learning rate, and ReLUs at one that suits them.
NONLINEAR: dict[str, dict[str, Any]] = {"sigmoid": {}, "ReLU": {"activation": "relu", "learning_rate": 0.1}}


def _with_both(
    question: str, setting: str, values: Mapping[str, Any], form: str = "{label}, {activation}", **others: Any
) -> Comparison:
    """Compare the values of a setting, given by label, once with sigmoids and once with ReLUs; each with the first."""
    variations, pairs = {}, []
    for activation, settings in NONLINEAR.items():
        names = [form.format(label=label, activation=activation) for label in values]
        for name, value in zip(names, values.values(), strict=True):
            variations[name] = {setting: value, **others, **settings}
        pairs += [(names[0], other) for other in names[1:]]
    return Comparison(question, "book-sgd", variations, pairs=tuple(pairs))


def _each(setting: str, form: str, *values: Any) -> dict[str, dict[str, Any]]:
    return {form.format(value): {setting: value} for value in values}


COMPARISONS: dict[str, Comparison] = {
    "pooling": _with_both("Average pooling against max-pooling", "pooling", {"avg": "avg", "max": "max"}),
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
        "The activation function, at the chapter's learning rate and a smaller one",
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
        "Who needs neighbouring pixels? All images with their pixels permuted in the same way",
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
