"""What a fitted LeNetClassifier answers: classes, probabilities, logits and embeddings of images."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lenet.data.dataset import Images
from lenet.engines.cpu import CpuEngine
from lenet.engines.embedding import embedding_width, embeddings
from lenet.metrics import softmax
from lenet.networks.trained import TrainedNetwork
from lenet.sklearn.images import ImageFormat, Shape
from lenet.sklearn.settings import threads_config, value_errors
from lenet.sklearn.validation import rows_for_prediction

AT_ONCE = 4096  # images


class Answers(ClassNamePrefixFeaturesOutMixin, TransformerMixin):  # type: ignore[misc]
    """The methods of LeNetClassifier that need no labels. An image has the same bits alone and in any batch."""

    classes_: NDArray[Any]
    network_: TrainedNetwork
    image_shape_: Shape
    pixel_range_: tuple[float, float]
    n_jobs: int | None
    _columns: NDArray[np.int64]  # the output of the network for each of classes_

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of the most probable class of each image.

        Args:
            X: the images, as `fit` takes them.

        Returns:
            The labels, (n_samples,).

        Raises:
            NotFittedError: before `fit`.
            TypeError: for sparse matrices.
            ValueError: for images that make no sense, or of another shape than those of `fit`.
        """
        chosen = self._logits(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[chosen]
        return labels

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class for each image.

        Args:
            X: the images, as `fit` takes them.

        Returns:
            (n_samples, n_classes), in the order of `classes_`.

        Raises:
            NotFittedError, TypeError, ValueError: as `predict` does.
        """
        return softmax(self._logits(X))

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the logits of each image.

        Args:
            X: the images, as `fit` takes them.

        Returns:
            (n_samples, n_classes), in the order of `classes_`; for two classes (n_samples,): second minus first.

        Raises:
            NotFittedError, TypeError, ValueError: as `predict` does.
        """
        logits = self._logits(X).astype(np.float64)
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
        """Logits (n_samples, n_classes) in the order of `classes_`. An engine of each call's own: threads may share self."""
        check_is_fitted(self)
        trained = self.network_
        engine = CpuEngine(trained.network, None, threads_config(self.n_jobs), trained.preprocessing)
        logits = self._computed(X, engine.logits, len(self.classes_))
        # Not logits[:, columns], whose memory lies in another order, in which sums have other bits.
        return np.take(logits, self._columns, axis=1)

    def _computed(self, X: Any, compute: Callable[[Images], NDArray[np.float32]], width: int) -> NDArray[np.float32]:
        """What is computed of the images of X, float32 (n_samples, width), some at a time: X may be large."""
        rows = rows_for_prediction(self, X)
        form = ImageFormat(self.image_shape_, self.pixel_range_)
        result = np.empty((len(rows), width), np.float32)
        with value_errors():
            for start in range(0, len(rows), AT_ONCE):
                result[start : start + AT_ONCE] = compute(form.images(rows[start : start + AT_ONCE]))
        return result

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return embedding_width(self.network_)
