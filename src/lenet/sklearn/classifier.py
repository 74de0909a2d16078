"""LeNetClassifier: a small convolutional network as a scikit-learn estimator."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lenet.runs.opening import Source
from lenet.sklearn import fitting, opened, state
from lenet.sklearn.answers import Answers
from lenet.sklearn.settings import value_errors
from lenet.sklearn.validation import (
    check_outlier_label,
    classes_of_all,
    known_labels,
    labels_of,
    must_be_same,
    rows_for_fit,
)


class LeNetClassifier(ClassifierMixin, Answers, BaseEstimator):  # type: ignore[misc]
    """Classify images with a small convolutional network of the LeNet family.

        classifier = LeNetClassifier(random_state=0).fit(X_train, y_train)
        classifier.score(X_test, y_test)

    X has one image a row: (n_samples, n_features), (n_samples, height, width), or (n_samples, height, width, channels) with
    1 or 3 channels, first or last. y has any labels. The same `random_state` gives the same weights, bit for bit, on any
    number of threads, and an image has the same answer alone and in any batch.

    Args:
        model: the network: "lenet", "lenet-avg", "lenet-bn", "small", "tiny", "mlp" or "softmax".
        channels: output channels of each convolution, such as (6, 16); None for the model's own.
        hidden: widths of the hidden dense layers, such as (120, 84).
        kernel_size: height and width of the convolution kernels, in pixels.
        activation: "relu", "sigmoid", "tanh", "scaled-tanh" or "leaky-relu".
        pooling: "max" or "avg".
        padding: zeros around the image, for the first convolution, in pixels.
        dropout: share of the units before a dense layer that a training step drops.
        init: initial weights, "default" or "xavier-uniform".
        optimizer: "adamw", "adam" or "sgd".
        momentum: of sgd.
        learning_rate: the learning rate; with the schedule "one-cycle" its peak.
        weight_decay: weight decay.
        schedule: the learning rate over the epochs of `fit`: "one-cycle", "cosine" or "constant".
        batch_size: images in a step; "auto" takes 16 to 64, by the number of images.
        max_iter: epochs, passes over the training images.
        label_smoothing: share of each label that is spread over all classes.
        augment: random changes of the training images, "none", "light" or "strong".
        flip: whether to mirror a random half of the training images in each epoch.
        class_weight: weights of the classes in the loss, a dict {label: weight}, "balanced", or None for the same weight.
        image_shape: (height, width) or (height, width, 3) of the images in the rows of a two-dimensional X; None for the
            smallest square that holds a row.
        pixel_range: the numbers that are black and white, such as (0, 1); None leaves whole numbers from 0 to 255 as they
            are, and takes minimum and maximum of the training images for any others.
        validation_fraction: share of each class's images that `fit` holds out, to calibrate the probabilities and to decide
            what is unknown; 0 for none.
        outlier_label: what `predict` answers for unknown images; None for the most probable class in any case.
        warm_start: whether `fit` starts from the weights of the last one, for the same classes and shape of images.
        random_state: seed, RandomState or None; decides initial weights, order and augmentation.
        n_jobs: threads that compute; None for OMP_NUM_THREADS, or else one for each core.

    Attributes:
        classes_: the class labels, in the order of the columns of `predict_proba`.
        network_: the network, a `lenet.networks.trained.TrainedNetwork`, as `lenet.evaluate` takes it.
        image_shape_: (height, width) or (height, width, 3) of the images that X has.
        pixel_range_: the numbers that are black and white.
        n_iter_: epochs so far.
        loss_curve_: the mean training loss of each epoch.
        n_features_in_: numbers in an image.
        feature_names_in_: names of the columns of X, if it was a table with names.
    """

    def __init__(
        self,
        *,
        model: str = "lenet",
        channels: Sequence[int] | None = None,
        hidden: Sequence[int] | None = None,
        kernel_size: int | None = None,
        activation: str | None = None,
        pooling: str | None = None,
        padding: int | None = None,
        dropout: float | None = None,
        init: str = "default",
        optimizer: str = "adamw",
        momentum: float = 0.0,
        learning_rate: float = 0.002,
        weight_decay: float = 0.1,
        schedule: str = "one-cycle",
        batch_size: int | str = "auto",
        max_iter: int = 20,
        label_smoothing: float = 0.0,
        augment: str = "none",
        flip: bool = False,
        class_weight: dict[Any, float] | str | None = None,
        image_shape: tuple[int, ...] | None = None,
        pixel_range: tuple[float, float] | None = None,
        validation_fraction: float = 0.0,
        outlier_label: Any = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        for name, value in list(locals().items()):  # as scikit-learn expects: each as an attribute, not looked at
            if name != "self":
                setattr(self, name, value)

    def fit(self, X: Any, y: Any) -> "LeNetClassifier":
        """Train a network for `max_iter` epochs.

        Args:
            X: the images, see the class.
            y: the labels, (n_samples,).

        Returns:
            The estimator itself.

        Raises:
            TypeError: for sparse matrices, or labels that are both text and numbers.
            ValueError: for parameters or data that make no sense, or a loss that becomes NaN or infinite.
        """
        continues = bool(self.warm_start) and hasattr(self, "network_")
        rows, shape, y = rows_for_fit(self, X, y, reset=not continues)
        classes, labels = labels_of(y)
        check_outlier_label(self.outlier_label, classes)
        with value_errors():
            if continues:
                must_be_same(self, shape, classes)
                fitting.go_on(self, rows, labels)
            else:
                fitting.begin(self, rows, labels, classes, shape)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> "LeNetClassifier":
        """Train for one epoch more on some images, at the constant rate `learning_rate`.

        The first call decides the shape of the images and the pixel range.

        Args:
            X: the images, see the class.
            y: the labels, (n_samples,).
            classes: all labels that any call will have; the first call needs them.

        Returns:
            The estimator itself.

        Raises:
            TypeError: for sparse matrices, or labels that are both text and numbers.
            ValueError: for parameters or data that make no sense, or a loss that becomes NaN or infinite.
        """
        is_first = not hasattr(self, "network_")
        rows, shape, y = rows_for_fit(self, X, y, reset=is_first)
        known = classes_of_all(self, classes)
        labels = known_labels(y, known)
        with value_errors():
            if is_first:
                fitting.begin(self, rows, labels, known, shape, partial=True)
            else:
                must_be_same(self, shape, known)
                fitting.go_on(self, rows, labels, partial=True)
        return self

    @classmethod
    def from_run(cls, run: Source, *, labels: Iterable[Any] | None = None, **parameters: Any) -> "LeNetClassifier":
        """Make a fitted estimator of a network that lenet trained.

            LeNetClassifier.from_run("mnist", labels=range(10)).predict(X)

        Args:
            run: a run, its directory, a weights file, or the name of a ready-made network.
            labels: of the network's classes, in their order; by default their names, as text.
            **parameters: of the estimator.

        Returns:
            The estimator; `predict` takes images of the network's size, and `partial_fit` goes on training it.

        Raises:
            RunError: if the network cannot be read.
            ValueError: for labels that do not fit the network's classes.
        """
        trained = opened.open_network(run)
        estimator = cls(**opened.parameters_of(trained) | parameters)
        estimator.__dict__.update(opened.attributes_of(trained, labels, estimator.pixel_range))
        return estimator

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the network to a weights file, as `lenet predict` and `lenet export` take it.

        Args:
            path: the file, with the suffix .safetensors.
            overwrite: whether to replace a file that exists.

        Returns:
            The file.

        Raises:
            FileExistsError: if the file exists and `overwrite` is False.
            RunError: if the file cannot be written.
            ValueError: for another suffix, or labels that cannot be names of classes.
        """
        check_is_fitted(self)
        return opened.save(self.network_, self.classes_, path, overwrite)

    def __getstate__(self) -> dict[str, Any]:
        return state.packed(super().__getstate__())

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        super().__setstate__(state.unpacked(attributes))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
