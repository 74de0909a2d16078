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

from lenet.images.fit import Pixels, areas, brought_to
from lenet.images.pixels import chunks

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

EDGE = 16  # of a thumbnail, in pixels
DIGEST = 16  # bytes of a hash
ALIKE = 0.998  # correlation of thumbnails
CLOSE, CLOSE_ALIKE = 3.0, 0.95  # root mean square of the difference, in grey levels, and correlation
FLAT = 1.0  # standard deviation in grey levels: below, an image shows nothing that could be compared
TABLES, BITS = 12, 20  # of signs: nearly all pairs that correlate by 0.985 have equal bits in one of the tables
NEIGHBOURS = 16  # with equal bits that are compared with an image
DIFFERENT = 14  # of 64 signs: of a pair that correlates by 0.95, six differ on average
PAIRS, ROWS = 1 << 16, 1 << 14  # pairs compared, and images hashed, at a time
SAMPLE = 1 << 14  # images whose mean is measured

BIT_COUNTS = np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1).sum(
    axis=1, dtype=np.uint8
)


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
    small = np.empty((len(images), EDGE, EDGE, *images.shape[3:]), np.uint8)
    for part in chunks(images.shape):
        planes = np.moveaxis(images[part].reshape(*images[part].shape[:3], -1), 3, 0).astype(np.float32)
        averaged = np.moveaxis(down @ planes @ across.T, 0, 3)
        small[part] = np.rint(averaged).reshape(-1, *small.shape[1:])
    return small


def digests(images: Pixels) -> list[bytes]:
    """Return a hash of the pixels and the shape of each image."""
    images, person = np.ascontiguousarray(images), _person(images.shape[1:])
    return [hashlib.blake2b(image.data, digest_size=DIGEST, person=person).digest() for image in images]


def digest(pixels: Pixels) -> bytes:
    """Return a hash of the pixels and the shape of one image."""
    return digests(pixels[None])[0]


def _person(shape: tuple[int, ...]) -> bytes:
    """What makes hashes of images of another shape different."""
    return repr(shape).encode()[:16]


def duplicate_groups(images: Pixels) -> Indices:
    """Find images that are exactly or nearly the same.

    Args:
        images: uint8 (N, height, width) or (N, height, width, 3).

    Returns:
        int64 (N,): for each image the index of the first that is the same, its own if none is. "The same" is transitive.
    """
    return both_groups(images)[1]


def both_groups(images: Pixels) -> tuple[Indices, Indices]:
    """Find images that are equal, and those that are equal or nearly so: both as `duplicate_groups` returns them."""
    same = exact_groups(digests(images))
    return same, near_groups(same, thumbnails(images))


def exact_groups(hashes: list[bytes]) -> Indices:
    """Return, for each hash, the index of the first equal one."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(each, index) for index, each in enumerate(hashes)], np.int64)


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


def near_groups(groups: Indices, small: Pixels) -> Indices:
    """Join groups of exact duplicates that are nearly the same.

    Args:
        groups: int64 (N,), from `exact_groups`.
        small: uint8 (N, 16, 16) or (N, 16, 16, 3), thumbnails.

    Returns:
        int64 (N,), the index of the first image of the group.
    """
    joined = groups.copy()
    first_ones = np.flatnonzero(groups == np.arange(len(groups)))
    for pair in near_pairs(small.reshape(len(small), math.prod(small.shape[1:]))[first_ones]):
        roots = [_root(joined, int(first_ones[index])) for index in pair]
        joined[max(roots)] = min(roots)
    while not np.array_equal(above := joined[joined], joined):
        joined = above
    return joined


def near_pairs(small: Pixels) -> Indices:
    """Find pairs of thumbnails that are nearly the same.

    Args:
        small: uint8 (N, D), thumbnails.

    Returns:
        int64 (M, 2), indices of pairs; some may occur twice.
    """
    if len(small) < 2:
        return np.empty((0, 2), np.int64)
    statistics = np.stack([small.mean(axis=1, dtype=np.float32), small.std(axis=1, dtype=np.float32)], axis=1)
    keys, codes = _hashes(small, statistics)
    found = [np.empty((0, 2), np.int64)]
    for key in keys:
        # By key, then by index: whole numbers sort faster than a stable argsort.
        order = np.sort((key.astype(np.int64) << 32) | np.arange(len(key))) & 0xFFFFFFFF
        for distance in range(1, min(NEIGHBOURS, len(order) - 1) + 1):
            same = np.flatnonzero(key[order[distance:]] == key[order[:-distance]])
            if len(same) == 0:
                break
            for start in range(0, len(same), PAIRS):
                a, b = order[same[start : start + PAIRS]], order[same[start : start + PAIRS] + distance]
                candidates = BIT_COUNTS[codes[a] ^ codes[b]].sum(axis=1) <= DIFFERENT
                pairs = np.stack([a[candidates], b[candidates]], axis=1)
                found.append(pairs[_are_near(small, statistics, *pairs.T)])
    return np.concatenate(found)


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


def _hashes(small: Pixels, statistics: Floats) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """Signs of random projections: a number for each table, (TABLES, N), and 64 of them as bits, (N, 4)."""
    directions = np.random.default_rng(0).standard_normal((small.shape[1], TABLES * BITS)).astype(np.float32)
    sample = small[np.linspace(0, len(small) - 1, min(len(small), SAMPLE)).astype(np.int64)]
    centre = sample.mean(axis=0, dtype=np.float32)
    # float32 holds whole numbers up to 2 ** 24, and its products are fast.
    powers = (2.0 ** np.arange(BITS)).astype(np.float32)
    keys, codes = np.empty((TABLES, len(small)), np.int32), np.empty((len(small), 4), np.uint16)
    middle, spread = centre.mean(), max(float(centre.std()), FLAT)
    for start in range(0, len(small), ROWS):
        part = slice(start, start + ROWS)
        mean, std = statistics[part].T[:, :, None]
        values = (small[part] - mean) / np.maximum(std, FLAT) - (centre - middle) / spread
        signs = values @ directions > 0
        codes[part] = np.packbits(signs[:, :64], axis=1).view(np.uint16)
        keys[:, part] = (signs.reshape(-1, BITS).astype(np.float32) @ powers).reshape(-1, TABLES).T
    return keys, codes


def _are_near(small: Pixels, statistics: Floats, a: Indices, b: Indices) -> NDArray[np.bool_]:
    """Whether the images a[i] and b[i] are nearly the same, bool (M,)."""
    products = np.einsum("ij,ij->i", small[a].astype(np.float32), small[b].astype(np.float32)) / small.shape[1]
    (mean_a, std_a), (mean_b, std_b) = statistics[a].T, statistics[b].T
    covariance = products - mean_a * mean_b
    alike = covariance / np.maximum(std_a * std_b, FLAT**2)
    squares = std_a**2 + std_b**2 - 2 * covariance + (mean_a - mean_b) ** 2
    shows = np.minimum(std_a, std_b) >= FLAT
    near: NDArray[np.bool_] = shows & ((alike >= ALIKE) | ((alike >= CLOSE_ALIKE) & (squares <= CLOSE**2)))
    return near


def _root(groups: Indices, index: int) -> int:
    while groups[index] != index:
        index = int(groups[index])
    return index
