"""Training the estimator's network in memory, with lenet's CPU engine.

What a training leaves is written to the estimator at its end, so that one that fails changes nothing.
"""

import dataclasses
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from lenet.config import TrainConfig
from lenet.data.class_names import checked_class_names
from lenet.data.dataset import Dataset, Labels
from lenet.engines.cpu import CpuEngine
from lenet.errors import ConfigError, DataError
from lenet.networks.trained import TrainedNetwork
from lenet.sklearn.calibrating import divided, with_calibration
from lenet.sklearn.images import Shape, format_of, image_format
from lenet.sklearn.settings import seed_after, seed_of, settings_of
from lenet.training.in_memory import epochs
from lenet.training.setup import new_network

NAME = "X"  # the data set, and the place of the network, in messages
AT_CHANCE = 0.99  # of the loss of guessing
BEFORE = {"n_iter_": 0, "loss_curve_": [], "_moments": {}, "_num_steps": 0}


def begin(
    estimator: Any, rows: NDArray[Any], labels: Labels, classes: NDArray[Any], shape: Shape, partial: bool = False
) -> None:
    """Train a new network.

    Args:
        estimator: a LeNetClassifier, whose fitted attributes are set.
        rows: the images, (N, n_features).
        labels: their numbers among the classes, int64 (N,).
        classes: the class labels, ascending.
        shape: of the images.
        partial: whether to train one epoch, at a constant rate.

    Raises:
        LenetError: for what cannot be computed, or a loss that becomes NaN or infinite.
        ValueError: for parameters that make no sense.
    """
    form = image_format(rows, shape, estimator.pixel_range)
    seed = seed_of(estimator.random_state)
    dataset = Dataset(NAME, form.images(rows), labels, names_of(classes))
    train, held_out = (dataset, None) if partial else divided(estimator, dataset, seed)
    config = settings_of(estimator.get_params(deep=False), train.labels, classes, seed, partial)
    start = new_network(config, train)
    network = TrainedNetwork(
        Path(NAME), config.model, start.arguments, dataset.classes, start.preprocessing, loaded=start.network
    )
    fitted = {
        "classes_": classes,
        "image_shape_": form.shape,
        "pixel_range_": form.pixel_range,
        "_columns": np.arange(len(classes)),
        "_seed": seed,
    }
    vars(estimator).update(fitted | _trained(network, BEFORE, config, (train, held_out), partial))
    if not partial:
        _warn_if_at_chance(estimator, config, train.labels)


def go_on(estimator: Any, rows: NDArray[Any], labels: Labels, partial: bool = False) -> None:
    """Train the estimator's network further; see `begin`.

    Raises:
        ConfigError: if the parameters now say another network.
    """
    form = format_of(estimator)
    network, columns = estimator.network_, estimator._columns
    before = {name: getattr(estimator, name) for name in BEFORE}
    seed = estimator._seed if partial else seed_after(estimator._seed, estimator.n_iter_)
    dataset = Dataset(NAME, form.images(rows), columns[labels], network.classes)
    train, held_out = (dataset, None) if partial else divided(estimator, dataset, seed)
    numbers = np.argsort(columns)[train.labels]  # of the classes as the estimator counts them
    config = settings_of(estimator.get_params(deep=False), numbers, estimator.classes_, seed, partial)
    if isinstance(config.class_weights, tuple):  # in the network's order
        weights = np.array(config.class_weights)[np.argsort(columns)]
        config = dataclasses.replace(config, class_weights=tuple(weights.tolist()))
    if new_network(config, train).network.architecture != network.architecture:
        raise ConfigError(
            "the parameters are those of another network than the fitted one",
            hint="set them back, or fit a new network with warm_start=False",
        )
    before |= {} if partial else {"_moments": {}, "_num_steps": 0}
    vars(estimator).update(_trained(network, before, config, (train, held_out), partial))


def _trained(
    network: TrainedNetwork,
    before: dict[str, Any],
    config: TrainConfig,
    sets: tuple[Dataset, Dataset | None],
    partial: bool,
) -> dict[str, Any]:
    """The attributes that training changes, after it.

    Args:
        network: what is trained; it stays as it is.
        before: the attributes before. The optimiser's state goes on from part to part.
        config: the settings.
        sets: the images to train on, and those that are held out, if any are.
        partial: whether to train one epoch.
    """
    train, held_out = sets
    weights = network.network.copy()
    engine = CpuEngine(weights, train, config, network.preprocessing)
    if before["_moments"].keys() == engine.optimizer.moments.keys():
        engine.optimizer.assign({"weights": weights.weights, **before["_moments"]}, before["_num_steps"])
    numbers = [before["n_iter_"]] if partial else range(config.epochs)
    losses = [tally.loss for tally in epochs(engine, config, len(train), numbers)]
    after = dataclasses.replace(network, loaded=weights, measured=None)
    return {
        "network_": after if held_out is None else with_calibration(after, train, held_out, config),
        "n_iter_": before["n_iter_"] + len(losses),
        "loss_curve_": [*before["loss_curve_"], *losses],
        "_moments": engine.optimizer.moments if partial else {},
        "_num_steps": engine.optimizer.num_steps if partial else 0,
    }


def _warn_if_at_chance(estimator: Any, config: TrainConfig, labels: Labels) -> None:
    """Warns of a network that does no better than one that knows only how frequent each class is."""
    shares = np.bincount(labels) / len(labels)
    guessing = float(-(shares * np.log(np.maximum(shares, 1e-300))).sum())
    loss = estimator.loss_curve_[-1]
    if loss >= AT_CHANCE * guessing and not config.label_smoothing and config.class_weights is None:
        warnings.warn(
            f"the network has learned nothing in {config.epochs} epochs: its training loss is {loss:.3f}, that of guessing "
            f"by the frequencies of the classes {guessing:.3f}; take another learning_rate, a larger max_iter, or a "
            "pixel_range in which the images have contrast",
            ConvergenceWarning,
            stacklevel=4,
        )


def names_of(classes: NDArray[Any]) -> tuple[str, ...]:
    """Return the names of the classes in lenet: their labels as text, or their numbers where some label is no name."""
    try:
        return checked_class_names(NAME, classes.tolist())
    except DataError:
        return tuple(map(str, range(len(classes))))
