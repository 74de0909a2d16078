"""Images that occur more than once: exactly, or nearly, as when a photo was saved again in another size or quality.

    groups = duplicate_groups(images)  # int64 (N,): equal numbers for images that are the same

Images are compared as thumbnails of 16×16 pixels. Two are nearly the same if their thumbnails correlate by at least 0.998, or
differ by at most 3 of 255 grey levels (root mean square) and correlate by at least 0.95. Of the 60,000 training images of
MNIST no two are nearly the same, of Fashion-MNIST's 34 are, which show the same garment.

Candidates come from signs of random projections, so the time grows with N, not with N².
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from lenet.data.exact_groups import exact_groups
from lenet.data.mapped import scratch
from lenet.data.near_groups import Watch, near_groups
from lenet.images.fit import Pixels, areas, brought_to
from lenet.images.pixels import chunks

Indices = NDArray[np.int64]

EDGE = 16  # of a thumbnail, in pixels
DIGEST = 16  # bytes of a hash
ROWS = 1 << 14  # images compared with others at a time


def thumbnail(pixels: Pixels) -> Pixels:
    """Make a thumbnail of one image.

    Args:
        pixels: uint8 (height, width) or (height, width, 3).

    Returns:
        uint8 (16, 16, 3); grey images have three equal channels.
    """
    small = brought_to(pixels, (EDGE, EDGE), "stretch")
    return np.repeat(small[:, :, None], 3, axis=2) if small.ndim == 2 else small


def thumbnails(images: Pixels) -> Pixels:
    """Make thumbnails of many images of one size.

    Args:
        images: uint8 (N, height, width) or (N, height, width, 3).

    Returns:
        uint8 (N, 16, 16) or (N, 16, 16, 3).
    """
    height, width = images.shape[1:3]
    if min(height, width) < EDGE:
        few = [brought_to(image, (EDGE, EDGE), "stretch") for image in images]
        return np.array(few, np.uint8).reshape(-1, EDGE, EDGE, *images.shape[3:])
    down, across = (areas(edge, EDGE).astype(np.float32) / edge for edge in (height, width))
    small = scratch((len(images), EDGE, EDGE, *images.shape[3:]), np.uint8)
    for part in chunks(images.shape):
        planes = np.moveaxis(images[part].reshape(*images[part].shape[:3], -1), 3, 0).astype(np.float32)
        averaged = np.moveaxis(down @ planes @ across.T, 0, 3)
        small[part] = np.rint(averaged).reshape(-1, *small.shape[1:])
    return small


def digests(images: Pixels) -> Pixels:
    """Return a hash of the pixels and the shape of each image, uint8 (N, 16)."""
    person, size = _person(images.shape[1:]), math.prod(images.shape[1:])
    hashes = scratch((len(images), DIGEST), np.uint8)
    for part in chunks(images.shape):
        pixels = np.ascontiguousarray(images[part]).reshape(-1).data
        content = b"".join(
            hashlib.blake2b(pixels[start : start + size], digest_size=DIGEST, person=person).digest()
            for start in range(0, len(pixels), size)
        )
        hashes[part] = np.frombuffer(content, np.uint8).reshape(-1, DIGEST)
    return hashes


def digest(pixels: Pixels) -> bytes:
    """Return a hash of the pixels and the shape of one image."""
    return bytes(digests(pixels[None])[0])


def _person(shape: tuple[int, ...]) -> bytes:
    """What makes hashes of images of another shape different."""
    return repr(shape).encode()[:16]


def duplicate_groups(images: Pixels, watch: Watch | None = None) -> Indices:
    """Find images that are exactly or nearly the same.

    Memory is constant: of many images, what is known of each lies in files of the cache without a name, 392 bytes for a grey
    image.

    Args:
        images: uint8 (N, height, width) or (N, height, width, 3), in memory or mapped.
        watch: Takes how far the search is.

    Returns:
        int64 (N,): for each image the index of the first that is the same, its own if none is. "The same" is transitive.
    """
    return both_groups(images, watch)[1]


def both_groups(images: Pixels, watch: Watch | None = None) -> tuple[Indices, Indices]:
    """Find images that are equal, and those that are equal or nearly so: both as `duplicate_groups` returns them."""
    same = exact_groups(digests(images))
    return same, near_groups(same, thumbnails(images), watch)


def among(test: Pixels, train: Pixels) -> NDArray[np.bool_]:
    """Return which test images (M, …) are training images (N, …), bool (M,): equal 64-bit hashes, then equal bytes."""
    if train.shape[1:] != test.shape[1:]:
        return np.zeros(len(test), np.bool_)
    ordered, same = np.sort(_quick_hashes(test)), set()
    for start in range(0, len(train), ROWS):
        images = train[start : start + ROWS]
        hashes = _quick_hashes(images)
        positions = np.searchsorted(ordered, hashes)
        candidates = ordered[np.minimum(positions, len(ordered) - 1)] == hashes
        same |= {images[index].tobytes() for index in np.flatnonzero(candidates)}
    return np.array([image.tobytes() in same for image in test] if same else np.zeros(len(test)), np.bool_)


def _quick_hashes(images: Pixels) -> NDArray[np.uint64]:
    """A 64-bit hash of each image: its bytes, eight at a time, times odd numbers."""
    rows = images.reshape(len(images), -1)
    whole = rows.shape[1] // 8
    if whole == 0:
        return np.zeros(len(rows), np.uint64)
    words = np.ascontiguousarray(rows[:, : 8 * whole]).view(np.uint64)
    odd = np.random.default_rng(0).integers(0, 2**63, whole, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    hashes: NDArray[np.uint64] = words @ odd
    return hashes
