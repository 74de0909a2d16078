"""Classifying people's own images with a trained network.

predict("runs/first", "boot.png").label
"""

import os
import warnings
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from lenet.analysis.answer import Answer, Prediction, Reading, Unreadable
from lenet.analysis.given_images import Given, ImageSource, check_order, given_image, given_images
from lenet.analysis.inference import memory_guard
from lenet.analysis.judge import Judge
from lenet.analysis.preparing import Prepared, prepared
from lenet.errors import ImageError, RunWarning
from lenet.images.preprocess import Preprocessing
from lenet.runs.opening import Source, open_trained


def predict(
    run: Source,
    image: ImageSource,
    *,
    classes: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    device: str = "auto",
) -> Prediction:
    """Classify an image with a trained network.

    The image is turned upright, made grey, the object in it found, inverted where its background differs from the training
    images', scaled and centred as theirs are; `lenet.images.preprocess` has the details. An image of the network's own size
    that is framed as the training images are stays as it is.

    Args:
        run: a run, its directory, a weights file that lenet wrote (`.safetensors`), or an nn.Module. A run that has not
            finished is used as its newest checkpoint left it, with a warning.
        image: a file or its content as bytes, a Pillow image, or an array or tensor (height, width), or (height, width, 3)
            in colour.
        classes: the names of a module's outputs; what lenet.d2l trained has them.
        preprocessing: how an image becomes a module's input; what lenet.d2l trained has it. By default a module is given grey
            pixels from 0 to 1, in the usual size that it takes.
        device: "auto", "cpu", or a GPU such as "cuda:0"; a module computes where it is.

    Returns:
        The classes with their probabilities.

    Raises:
        ImageError: the image cannot be read.
        RunError: the run cannot be read, or its network gives NaN or infinite values.
        ModelError: the classes of a module are not known, or it does not take images.
        EngineError: the device is not there, or out of memory.
    """
    check_order(run, image)
    if isinstance(image, list | tuple):
        raise ImageError(
            f"a {type(image).__name__} is not an image", hint="lenet.predict_many(run, images) classifies several"
        )
    [answer] = predict_each(
        run, [given_image(image)], classes=classes, preprocessing=preprocessing, explain=True, device=device
    )
    return _reading(answer).parts[0]


def predict_many(
    run: Source,
    images: str | os.PathLike[str] | Sequence[ImageSource],
    *,
    skip_bad: bool = False,
    device: str = "auto",
    **module: Any,
) -> list[Prediction]:
    """Classify several images, or all images in a folder, an archive or a table.

        for result in lenet.predict_many("runs/first", "photos/"):
            print(result.image, result)

    Args:
        run: as for `predict`.
        images: images, each as for `predict`, and paths of folders, archives and tables, whose images are taken in natural
            order; or one such path.
        skip_bad: leave out images that cannot be read, with a warning for each, instead of raising an error for the first.
        device: as for `predict`.
        **module: `classes` and `preprocessing` of a module, as for `predict`.

    Returns:
        A prediction for each image, in their order.

    Raises:
        ImageError: an image cannot be read.
        LenetError: as `predict` raises it.
    """
    trained = open_trained(run, **module)
    predictions = []
    for answer in predict_each(trained, given_images(images, trained.classes), device=device):
        if skip_bad and isinstance(answer, Unreadable):
            warnings.warn(answer.error.message, RunWarning, stacklevel=2)
        else:
            predictions.append(_reading(answer).parts[0])
    return predictions


def predict_each(
    run: Source,
    images: Sequence[Given],
    *,
    split: bool = False,
    explain: bool = False,
    device: str = "auto",
    **module: Any,
) -> Generator[Answer, None, None]:
    """Classify images one after another, in bounded memory; threads decode those that follow.

    Args:
        run: as for `predict`.
        images: from `given_images` or `find_images`.
        split: whether to read the parts of similar size that an image shows one by one.
        explain: whether to keep what was found in each image, and each step.
        device: as for `predict`.
        **module: `classes` and `preprocessing`, as for `predict`.

    Yields:
        For each image, in their order, a Reading, of one part unless parts are read, or an Unreadable with what is wrong.
    """
    trained = open_trained(run, **module)
    with memory_guard(device, "in a prediction"):
        judge = Judge(trained, device)  # before the images, so that a broken network is reported without the wait

        for batch in prepared(images, trained.preprocessing, split=split, explain=explain):
            seen = [part.seen for each in batch if isinstance(each, Prepared) for part in each.parts]
            verdicts = iter(judge(np.stack(seen)) if seen else ())
            for each in batch:
                if isinstance(each, Unreadable):
                    yield each
                    continue
                name, label = each.image.name, each.image.label
                parts = (
                    Prediction(name, trained.classes, found.probabilities, part.seen, label, *part[1:], *found[1:])
                    for part, found in zip(each.parts, verdicts, strict=False)
                )
                yield Reading(name, tuple(parts), label)


def _reading(answer: Answer) -> Reading:
    if isinstance(answer, Unreadable):
        raise answer.error
    return answer
