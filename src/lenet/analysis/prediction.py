"""Classifying people's own images with a trained network.

predict("runs/first", "boot.png").label
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.given_images import Given, ImageSource, check_order, given_images
from lenet.analysis.inference import computes, memory_guard
from lenet.data.dataset import Images
from lenet.engines.threads import num_threads
from lenet.errors import LenetError
from lenet.images.preprocess import Pixels, Preprocessing
from lenet.metrics import softmax
from lenet.runs.opening import Source, logits, open_trained

MAX_THREADS = 4  # that decode images; each may need the memory of a large photo
BATCH = 64  # images classified at once, at most


@dataclass(frozen=True, eq=False)
class Prediction:
    """The classes of one image and their probabilities: the result of `lenet.predict`.

    Attributes:
        image: the path of the image, or "image N" if it is the N-th and came from memory.
        classes: names of the classes.
        probabilities: float64 (num_classes,), adding up to 1.
        seen: uint8 (height, width), the image after preprocessing, as the network received it; (height, width, 3) with
            colours.
        expected: the class that the image's folder gives it, if it does.
    """

    image: str
    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]
    seen: Images
    expected: str | None = None

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.top(1)[0][0]

    @property
    def probability(self) -> float:
        """The probability of the most probable class."""
        return self.top(1)[0][1]

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """Return the most probable classes.

        Args:
            count: how many.

        Returns:
            Pairs of class and probability, the most probable first.
        """
        best = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[index], float(self.probabilities[index])) for index in best]

    def __str__(self) -> str:
        return f"{self.label} {self.probability:.1%}"

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as JSON values."""
        values = {
            "image": self.image,
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(zip(self.classes, self.probabilities.tolist(), strict=True)),
        }
        return values if self.expected is None else values | {"expected": self.expected}


@dataclass(frozen=True)
class Unreadable:
    """An image that cannot be classified.

    Attributes:
        image: its path or name.
        error: what is wrong with it.
        expected: the class that its folder gives it, if it does.
    """

    image: str
    error: LenetError
    expected: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what is wrong as JSON values."""
        return {"image": self.image, "error": self.error.message, "hint": self.error.hint}


Answer: TypeAlias = Prediction | Unreadable


def predict(
    run: Source,
    image: ImageSource,
    *,
    classes: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    device: str = "auto",
) -> Prediction:
    """Classify an image with a trained network.

    The image is turned upright, made grey, inverted where its background differs from the training images', cropped and
    centred; `lenet.images.preprocess` has the details. An image of the network's own size is neither cropped nor scaled.

    Args:
        run: a run, its directory, a weights file that lenet wrote (`.safetensors`), or an nn.Module. A run that has not
            finished is used as its newest checkpoint left it, with a warning.
        image: a file, a Pillow image, or an array: uint8 (height, width), or (height, width, 3) in colour.
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
    [answer] = predict_each(run, given_images([image]), classes=classes, preprocessing=preprocessing, device=device)
    return _readable(answer)


def predict_many(run: Source, images: Sequence[ImageSource], *, device: str = "auto") -> list[Prediction]:
    """Classify several images at once, as `predict` does; the first bad one is an error."""
    return [_readable(answer) for answer in predict_each(run, given_images(images), device=device)]


def predict_each(
    run: Source,
    images: Sequence[Given],
    *,
    classes: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    device: str = "auto",
) -> Generator[Answer, None, None]:
    """Classify images one after another, in bounded memory; threads decode those that follow.

    Args:
        run: as for `predict`.
        images: from `given_images` or `find_images`.
        classes: as for `predict`.
        preprocessing: as for `predict`.
        device: as for `predict`.

    Yields:
        For each image, in their order, a Prediction, or an Unreadable with what is wrong.
    """
    trained = open_trained(run, classes=classes, preprocessing=preprocessing)
    with memory_guard(device, "in a prediction"):
        engine = computes(trained, device)  # before the images, so that a broken network is reported without the wait

        def prepare(image: Given) -> Answer:
            return _prepared(image, trained.classes, trained.preprocessing)

        for batch in _batches(prepare, images):
            seen = [answer.seen for answer in batch if isinstance(answer, Prediction)]
            rows = iter(softmax(logits(trained, engine, np.stack(seen))) if seen else ())
            for answer in batch:
                is_prediction = isinstance(answer, Prediction)
                yield dataclasses.replace(answer, probabilities=next(rows)) if is_prediction else answer


def _prepared(image: Given, classes: tuple[str, ...], preprocessing: Preprocessing) -> Answer:
    """What the network is to see, as a Prediction that has no probabilities yet."""
    try:
        seen: Pixels = preprocessing.apply(image.read(), image.name)
    except LenetError as error:
        return Unreadable(image.name, error, image.label)
    return Prediction(image.name, classes, np.empty(0), seen, image.label)


def _batches(prepare: Callable[[Given], Answer], images: Sequence[Given]) -> Iterator[list[Answer]]:
    """Prepare images in threads; yield, in their order, what is ready, at least one at a time."""
    if len(images) < 2:
        yield [prepare(image) for image in images]
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    pending: deque[Future[Answer]] = deque()
    rest = iter(images)
    pool = ThreadPoolExecutor(min(num_threads(None), MAX_THREADS))
    try:
        while True:
            while len(pending) < BATCH and (image := next(rest, None)) is not None:
                pending.append(pool.submit(prepare, image))
            if not pending:
                return
            batch = [pending.popleft().result()]
            while pending and pending[0].done():
                batch.append(pending.popleft().result())
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)


def _readable(answer: Answer) -> Prediction:
    if isinstance(answer, Unreadable):
        raise answer.error
    return answer
