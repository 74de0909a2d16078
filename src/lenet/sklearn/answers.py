"""What a fitted LeNetClassifier answers: classes, probabilities, logits and embeddings of images."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lenet.data.dataset import Images
from lenet.engines.cpu import CpuEngine
from lenet.engines.embedding import dense_layer, embedding_width, embeddings
from lenet.metrics import softmax
from lenet.networks.trained import TrainedNetwork
from lenet.sklearn.images import Shape, format_of
from lenet.sklearn.settings import threads_config, value_errors
from lenet.sklearn.validation import check_outlier_label, rows_for_prediction

AT_ONCE = 4096  # images


class Answers(ClassNamePrefixFeaturesOutMixin, TransformerMixin):  # type: ignore[misc]
    """The methods of LeNetClassifier that need no labels. An image has the same bits alone and in any batch."""

    classes_: NDArray[Any]
    network_: TrainedNetwork
    image_shape_: Shape
    pixel_range_: tuple[float, float]
    n_jobs: int | None
    outlier_label: Any
    _columns: NDArray[np.int64]  # the output of the network for each of classes_

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of the most probable class of each image, or `outlier_label` for one that is unknown.

        Args:
            X: the images, as `fit` takes them.

        Returns:
            The labels, (n_samples,).

        Raises:
            NotFittedError: before `fit`.
            TypeError: for sparse matrices.
            ValueError: for images that make no sense, or of another shape than those of `fit`.
        """
        logits = self._logits(X)
        labels: NDArray[Any] = self.classes_[self._in_order(logits).argmax(axis=1)]
        if self.outlier_label is None:
            return labels
        check_outlier_label(self.outlier_label, self.classes_)  # a parameter may be set after fit
        return np.where(self._unknown(X, logits), self.outlier_label, labels)

    def is_unknown(self, X: Any) -> NDArray[np.bool_]:
        """Return which images are unlike those that the network was trained on.

        Args:
            X: the images, as `fit` takes them.

        Returns:
            (n_samples,).

        Raises:
            NotFittedError, TypeError: as `predict` does.
            ValueError: as `predict` does, or for a network that is not calibrated.
        """
        return self._unknown(X, self._logits(X))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class for each image.

        Args:
            X: the images, as `fit` takes them.

        Returns:
            (n_samples, n_classes), in the order of `classes_`; calibrated if images were held out.

        Raises:
            NotFittedError, TypeError, ValueError: as `predict` does.
        """
        logits = self._in_order(self._logits(X))
        calibration = self.network_.calibration
        return softmax(logits) if calibration is None else calibration.probabilities(logits)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the logits of each image.

        Args:
            X: the images, as `fit` takes them.

        Returns:
            (n_samples, n_classes), in the order of `classes_`; for two classes (n_samples,): second minus first.

        Raises:
            NotFittedError, TypeError, ValueError: as `predict` does.
        """
        logits = self._in_order(self._logits(X)).astype(np.float64)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the embedding of each image: what the last layer takes.

        Args:
            X: the images, as `fit` takes them.

        Returns:
            (n_samples, n_features_out): 84 numbers for the model "lenet", or as many as the last number of `hidden` says.

        Raises:
            NotFittedError, TypeError, ValueError: as `predict` does.
        """
        width, threads = self._n_features_out, threads_config(self.n_jobs).threads
        return self._computed(X, lambda images: embeddings(self.network_, images, threads), width)

    def _logits(self, X: Any) -> NDArray[np.float32]:
        """Logits (n_samples, n_classes) in the network's order. An engine of each call's own: threads may share self."""
        check_is_fitted(self)
        trained = self.network_
        engine = CpuEngine(trained.network, None, threads_config(self.n_jobs), trained.preprocessing)
        return self._computed(X, engine.logits, len(self.classes_))

    def _in_order(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """The logits in the order of `classes_`. Those of logits[:, columns] would lie so that sums have other bits."""
        return np.take(logits, self._columns, axis=1)

    def _unknown(self, X: Any, logits: NDArray[np.float32]) -> NDArray[np.bool_]:
        calibration, threads = self.network_.calibration, threads_config(self.n_jobs).threads
        if calibration is None:
            raise ValueError(
                "the network is not calibrated, so it cannot say what is unknown\n"
                "hint: fit with validation_fraction=0.1, which holds out a tenth of the images for it"
            )
        layer = dense_layer(self.network_, calibration.layer)
        embedding = self._computed(
            X, lambda images: embeddings(self.network_, images, threads, layer), layer.in_features
        )
        return ~calibration.known(logits, embedding)

    def _computed(self, X: Any, compute: Callable[[Images], NDArray[np.float32]], width: int) -> NDArray[np.float32]:
        """What is computed of the images of X, float32 (n_samples, width), some at a time: X may be large."""
        rows = rows_for_prediction(self, X)
        form = format_of(self)
        result = np.empty((len(rows), width), np.float32)
        with value_errors():
            for start in range(0, len(rows), AT_ONCE):
                result[start : start + AT_ONCE] = compute(form.images(rows[start : start + AT_ONCE]))
        return result

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return embedding_width(self.network_)
