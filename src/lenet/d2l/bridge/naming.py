"""Classes and preprocessing of the training data as attributes of the network, for `lenet.predict(net, image)`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from lenet.d2l.bridge.batches import BatchIterator
from lenet.data.class_names import is_class_name
from lenet.images.preprocess import Preprocessing

SAMPLE = 500  # images whose ground, framing and range are measured


def name_outputs(net: object, train_iter: object) -> None:
    """Give a network `classes` and `preprocessing`, as the data that it is trained on have them.

    Args:
        net: the network. One that has `classes` of its own keeps them.
        train_iter: the training batches: lenet's own, or a DataLoader over a data set of torchvision's. Others do not say
            what their images show.
    """
    if not isinstance(net, nn.Module) or _has_its_own(net):
        return
    found = _of_ours(train_iter) if isinstance(train_iter, BatchIterator) else _of_torchvision(train_iter)
    if found is not None:
        net.classes, net.preprocessing = found  # type: ignore[assignment]  # attributes, not layers


def _has_its_own(net: nn.Module) -> bool:
    """Whether it has such attributes that are not from an earlier training."""
    has_ours = isinstance(getattr(net, "preprocessing", None), Preprocessing)
    return not has_ours and (hasattr(net, "classes") or hasattr(net, "preprocessing"))


def _of_ours(train_iter: BatchIterator) -> tuple[tuple[str, ...], Preprocessing]:
    sample = train_iter.source.sample(SAMPLE)
    return sample.classes, dataclasses.replace(Preprocessing.of(sample), size=train_iter.size)


def _of_torchvision(train_iter: Any) -> tuple[tuple[str, ...], Preprocessing] | None:
    """Those of a data set of torchvision's, whose transforms may have normalized or resized the images."""
    dataset: Any = getattr(train_iter, "dataset", None)
    classes = getattr(dataset, "classes", None)
    if not type(dataset).__module__.startswith("torchvision.") or not isinstance(classes, Sequence):
        return None
    if not all(is_class_name(name) for name in classes) or not hasattr(dataset, "__getitem__"):
        return None
    with torch.random.fork_rng(devices=[]):  # transforms may draw
        sample = [dataset[i][0] for i in np.linspace(0, len(dataset) - 1, min(SAMPLE, len(dataset))).astype(int)]
    if not all(isinstance(image, torch.Tensor) and image.shape == sample[0].shape for image in sample):
        return None
    images = torch.stack(sample).float()
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        return None
    # A data set has black and white pixels: the darkest number stands for 0 and the brightest for 1.
    low, high = float(images.min()), float(images.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    if high <= low:
        return None
    std = 1 / (high - low)
    pixels = ((images - low) * (255 * std)).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    measured = Preprocessing.measured(pixels if pixels.shape[3] == 3 else pixels[..., 0])
    return tuple(classes), dataclasses.replace(measured, mean=-low * std, std=std)
