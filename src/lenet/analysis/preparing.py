"""Images as the network is to see them, decoded by threads in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from lenet.analysis.answer import Unreadable
from lenet.analysis.given_images import Given
from lenet.engines.threads import num_threads
from lenet.errors import LenetError
from lenet.files import untrusted
from lenet.images.found import Framed
from lenet.images.preprocess import Preprocessing

MAX_THREADS = 4  # that decode images; each may need the memory of a large photo
BATCH = 64  # images that are ready or under way, at most


class Prepared(NamedTuple):
    """An image, and what the network is to see of it.

    Args:
        image: the image.
        framed: one, or one for each part if parts are read.
    """

    image: Given
    framed: tuple[Framed, ...]


def prepared(
    images: Sequence[Given], preprocessing: Preprocessing, split: bool = False
) -> Iterator[list[Prepared | Unreadable]]:
    """Prepare images; yield, in their order, what is ready, at least one at a time.

    Args:
        images: the images.
        preprocessing: the network's.
        split: whether to take the parts of similar size that an image shows one by one.
    """

    def prepare(image: Given) -> Prepared | Unreadable:
        name = untrusted.printable(image.name)
        try:
            if split:
                return Prepared(image, preprocessing.split(image.read(), name))
            return Prepared(image, (preprocessing.explain(image.read(), name),))
        except LenetError as error:
            return Unreadable(image.name, error, image.label)

    return _batches(prepare, images)


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
