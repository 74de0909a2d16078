"""The embedding of the page's images, and a map of it in two dimensions (PCA).

Everything is added up by NumPy's own loops, not by BLAS, whose order of additions follows the number of threads.
"""

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.engines.embedding import embeddings
from lenet.networks.embedding import embedding_layer
from lenet.networks.layers import Dense
from lenet.networks.trained import TrainedNetwork

STEPS = 60  # of the iteration that finds the principal components
Floats = NDArray[np.float64]


def embedded(trained: TrainedNetwork, images: Images) -> NDArray[np.float32] | None:
    """Return the embedding of images: what the dense layer receives that a calibration looks at, or would look at.

    Args:
        trained: the network.
        images: uint8 (N, height, width) or (N, height, width, 3).

    Returns:
        float32 (N, width), or None for a network without a dense layer that takes at most 1,000 numbers.
    """
    layer = layer_of(trained)
    return None if layer is None else embeddings(trained, images, layer=layer)


def layer_of(trained: TrainedNetwork) -> Dense | None:
    """Return the dense layer whose input is the embedding."""
    if trained.calibration is None:
        return embedding_layer(trained.architecture)
    named = (each for each in trained.architecture.layers if each.name == trained.calibration.layer)
    layer = next(named, None)
    return layer if isinstance(layer, Dense) else None


def planar(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return embeddings projected on their two principal components, each with its largest coefficient positive.

    Args:
        values: float32 (N, width).

    Returns:
        float32 (N, 2), in the units of the embedding.
    """
    return projected(values, *principal_axes(values))


def projected(values: NDArray[np.float32], centre: Floats, axes: Floats) -> NDArray[np.float32]:
    """Return where embeddings lie along two axes, float32 (N, 2).

    Args:
        values: float32 (N, width).
        centre: float64 (width,), the origin.
        axes: float64 (2, width).
    """
    places: NDArray[np.float32] = np.einsum("ni,ki->nk", values - centre, axes).astype(np.float32)
    return places


def principal_axes(values: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return the mean of embeddings, float64 (width,), and their two principal axes, float64 (2, width).

    Args:
        values: float32 (N, width).
    """
    centre: Floats = values.mean(axis=0, dtype=np.float64)
    centred = values - centre
    covariance = np.einsum("ni,nj->ij", centred, centred) / max(1, len(centred))
    axes = np.zeros((2, values.shape[1]))
    for number in range(min(2, values.shape[1])):
        axes[number] = _principal(covariance, axes[:number])
    return centre, axes


def aligned(values: NDArray[np.float32], model: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a map turned, and mirrored if need be, so that its points lie as near as possible to those of another map.

    Args:
        values: float32 (N, 2).
        model: float32 (N, 2), of the same images.
    """
    a, b = _normalized(values), _normalized(model)
    (xx, xy), (yx, yy) = np.einsum("ni,nj->ij", a, b)
    turned, mirrored = np.hypot(xx + yy, xy - yx), np.hypot(xx - yy, xy + yx)
    if turned >= mirrored:
        angle, sign = np.arctan2(xy - yx, xx + yy), 1.0
    else:
        angle, sign = np.arctan2(xy + yx, xx - yy), -1.0
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y = values[:, 0].astype(np.float64), sign * values[:, 1].astype(np.float64)
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=1).astype(np.float32)


def _normalized(values: NDArray[np.float32]) -> Floats:
    exact = values.astype(np.float64)
    size: Floats = exact / max(float(np.sqrt((exact**2).mean())), 1e-12)
    return size


def _principal(covariance: Floats, others: Floats) -> Floats:
    """The principal axis that is orthogonal to others, by the power method: deterministic, and enough for a picture."""
    axis: Floats = covariance[np.diagonal(covariance).argmax()].copy()
    for _ in range(STEPS):
        axis = np.einsum("ij,j->i", covariance, axis)
        for other in others:
            axis -= (axis * other).sum() * other
        length = float(np.sqrt((axis**2).sum()))
        if length < 1e-12:
            return np.zeros_like(axis)
        axis /= length
    sign = 1.0 if axis[np.abs(axis).argmax()] >= 0 else -1.0
    axis *= sign
    return axis
