"""Images as the network is to see them, decoded by threads in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lenet.analysis.answer import Unreadable
from lenet.analysis.given_images import Given
from lenet.engines.threads import num_threads
from lenet.errors import LenetError
from lenet.files import untrusted
from lenet.images.found import Framed
from lenet.images.preprocess import Pixels, Preprocessing

MAX_THREADS = 4  # that decode images; each may need the memory of a large photo
AHEAD = 16  # images that are ready or under way, at most
BATCH = 8  # images that the network sees at once; always as many, since PyTorch's last bits depend on it
MAX_STEP = 256  # pixels in height or width of a step that is kept


class Part(NamedTuple):
    """What the network is to see of an image.

    Args:
        seen: uint8 (height, width) or (height, width, 3), of the network's size.
        num_parts: how many parts of similar size the image shows.
        framed: what was found, and each step; None unless it was asked for.
    """

    seen: Pixels
    num_parts: int
    framed: Framed | None


class Prepared(NamedTuple):
    """An image, and what the network is to see of it.

    Args:
        image: the image.
        parts: one, or each of the parts that it shows if they are read.
    """

    image: Given
    parts: tuple[Part, ...]


def prepared(
    images: Sequence[Given], preprocessing: Preprocessing, *, split: bool = False, explain: bool = False
) -> Iterator[list[Prepared | Unreadable]]:
    """Prepare images; yield them in their order, BATCH at a time.

    Args:
        images: the images.
        preprocessing: the network's.
        split: whether to take the parts of similar size that an image shows one by one.
        explain: whether to keep what was found in each image, and each step.
    """

    def prepare(image: Given) -> Prepared | Unreadable:
        name = untrusted.printable(image.name)
        try:
            source = image.read()
            framed = preprocessing.split(source, name) if split else (preprocessing.explain(source, name),)
            return Prepared(image, tuple(_part(each, explain) for each in framed))
        except LenetError as error:
            return Unreadable(image.name, error, image.label)

    return _batches(prepare, images)


def _part(framed: Framed, explain: bool) -> Part:
    """What is needed of an image that was prepared: large steps, of which many images wait at once, are reduced."""
    num_parts = len(framed.found.parts) if framed.found else 1
    if not explain:
        return Part(framed.seen, num_parts, None)
    steps = tuple((title, _reduced(image)) for title, image in framed.steps)
    return Part(framed.seen, num_parts, Framed(framed.seen, framed.found, steps))


def _reduced(image: Pixels) -> Pixels:
    from PIL import Image

    factor = max(image.shape[:2]) // MAX_STEP
    return np.asarray(Image.fromarray(image).reduce(factor)) if factor > 1 else image


def _batches(
    prepare: Callable[[Given], Prepared | Unreadable], images: Sequence[Given]
) -> Iterator[list[Prepared | Unreadable]]:
    if len(images) < 2:
        yield [prepare(image) for image in images]
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    pending: deque[Future[Prepared | Unreadable]] = deque()
    rest = iter(images)
    pool = ThreadPoolExecutor(min(num_threads(None), MAX_THREADS))
    try:
        while True:
            while len(pending) < AHEAD and (image := next(rest, None)) is not None:
                pending.append(pool.submit(prepare, image))
            if not pending:
                return
            yield [pending.popleft().result() for _ in range(min(BATCH, len(pending)))]
    finally:
        pool.shutdown(cancel_futures=True)
