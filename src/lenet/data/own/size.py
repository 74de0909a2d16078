"""The size to which people's own images are brought, where the user does not say."""

from collections.abc import Iterable

from lenet.errors import DataError

EDGES = (28, 32, 48, 64, 96)  # the kernels take images up to 96×96
DETAIL = 0.9  # of the images' longest edges that a size keeps, so that 100 pixels become 96 and 33 become 32


def choose_size(sizes: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Choose the smallest of 28, 32, 48, 64 and 96 pixels that keeps what is there; 96 for all that is larger.

    Args:
        sizes: height and width of each image.

    Returns:
        Height and width.

    Raises:
        DataError: there are no images.
    """
    known = list(sizes)
    if not known:
        raise DataError("there are no images", hint="a data set needs at least one image")
    longest = sorted(max(size) for size in known)[len(known) // 2]
    edge = next((edge for edge in EDGES if edge >= DETAIL * longest), EDGES[-1])
    return edge, edge
