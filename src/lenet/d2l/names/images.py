"""The book's functions that show images in a grid."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lenet.d2l.bridge.batches import no_batches, pair
from lenet.d2l.bridge.evaluation import device_of, outputs, to_device
from lenet.d2l.names.canvas import new_figure, save, script_name
from lenet.d2l.names.iterators import get_fashion_mnist_labels
from lenet.engines.memory import ANY, memory_explained
from lenet.errors import ConfigError
from lenet.pytorch.modules import evaluating


def show_images(imgs: Any, num_rows: int, num_cols: int, titles: Any = None, scale: float = 1.5) -> Any:
    """Show images in rows: the book's `show_images`. In a notebook they are displayed, elsewhere written as a PNG.

    Args:
        imgs: tensors or arrays (height, width), (1, height, width), or with colours (height, width, 3), or Pillow images.
        num_rows: rows of images.
        num_cols: images in a row.
        titles: one for each image, or None.
        scale: size of an image in inches.

    Returns:
        The axes, an array of NumPy.

    Raises:
        ConfigError: for less than one row or column.
    """
    if num_rows < 1 or num_cols < 1:
        raise ConfigError(f"{num_rows} rows of {num_cols} images; expected at least one of each")
    return _show_grid(imgs, num_rows, num_cols, titles, (num_cols * scale, num_rows * scale), "images")


def show_fashion_mnist(images: Any, labels: Any) -> Any:
    """Show images in one row, each under its label: the port's `show_fashion_mnist`.

    Args:
        images: as for `show_images`.
        labels: one for each image.

    Returns:
        The axes, an array of NumPy.
    """
    return _show_grid(images, 1, len(images), labels, (12, 12 / max(1, len(images)) + 0.5), "fashion_mnist")


def predict_ch3(net: Any, test_iter: Any, n: int = 6) -> Any:
    """Show the first images of an iterator with their true labels above the predicted ones: the book's `predict_ch3`.

    Args:
        net: an nn.Module, or a function.
        test_iter: batches `(X, y)`.
        n: how many images, at most those of the first batch.

    Returns:
        The axes, an array of NumPy.

    Raises:
        DataError: if there is no batch.
    """
    batch = next(iter(test_iter), None)
    if batch is None:
        raise no_batches("the iterator to predict")
    inputs, labels = pair(batch)
    n = min(n, len(labels))
    device = device_of(net)
    with memory_explained(device or "cpu", ANY, "in a prediction"), torch.no_grad():
        if isinstance(net, nn.Module):
            with evaluating(net):
                scores = outputs(net, to_device(inputs[:n], device))
        else:
            scores = net(inputs[:n])
    pairs = zip(get_fashion_mnist_labels(labels[:n]), get_fashion_mnist_labels(scores.argmax(dim=1)), strict=True)
    titles = [f"{true}\n{predicted}" for true, predicted in pairs]
    return _show_grid(inputs[:n], 1, n, titles, (n * 1.5, 2), "predict_ch3")


def _show_grid(imgs: Any, rows: int, columns: int, titles: Any, figsize: tuple[float, float], name: str) -> Any:
    """The axes of images in a grid. In a notebook pyplot makes the figure, so that it is displayed at the end of the cell."""

    from lenet.display.notebook import in_notebook

    if in_notebook():
        from matplotlib import pyplot

        figure, grid = pyplot.subplots(rows, columns, figsize=figsize, squeeze=False)
        all_axes = list(grid.flat)
    else:
        figure, all_axes = new_figure(rows, columns, figsize)
    for axes in all_axes:
        axes.set_axis_off()
    for position, (axes, image) in enumerate(zip(all_axes, imgs, strict=False)):
        axes.imshow(_to_array(image))
        if titles is not None and position < len(titles):
            axes.set_title(str(titles[position]), fontsize=9)
    if not in_notebook():
        save(figure, name, Path.cwd(), script_name())
    return np.array(all_axes)


def _to_array(image: Any) -> Any:
    """An image as matplotlib takes it."""
    if isinstance(image, Tensor):
        image = image.detach().cpu().numpy()
    return image[0] if getattr(image, "ndim", 0) == 3 and image.shape[0] == 1 else image
