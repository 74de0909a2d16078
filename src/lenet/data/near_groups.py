"""Images that are nearly the same, by their thumbnails; duplicates.py says what that means.

Candidates come from signs of random projections: images that have equal signs in one of several tables are compared. A table
is sorted in place, and compared some thousand neighbours at a time. What grows with the images lies in files of the cache, if
it is large: 88 bytes for each image, and its thumbnail. So memory is constant, and the time grows with N, not with N².
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.mapped import positions, scratch
from lenet.images.fit import Pixels

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Watch = Callable[[str, int], Callable[[int], Any]]  # for a title and a number of images: takes how many more are done

ALIKE = 0.998  # correlation of thumbnails
CLOSE, CLOSE_ALIKE = 3.0, 0.95  # root mean square of the difference, in grey levels, and correlation
FLAT = 1.0  # standard deviation in grey levels: below, an image shows nothing that could be compared
TABLES, BITS = 12, 20  # of signs: nearly all pairs that correlate by 0.985 have equal bits in one of the tables
NEIGHBOURS = 16  # with equal bits that are compared with an image
DIFFERENT = 14  # of 64 signs: of a pair that correlates by 0.95, six differ on average
ROWS, AT_ONCE = 1 << 14, 1 << 16  # images hashed, and numbers copied, at a time
TILE, TILES = 48, 64  # images that are multiplied with themselves and those that follow, and how many times at once
ROUNDING = 0.001  # of a correlation
SAMPLE = 1 << 14  # images whose mean is measured
INDEX = (1 << 32) - 1  # the bits of a sorted entry that are the image's index

BIT_COUNTS = np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1).sum(
    axis=1, dtype=np.uint8
)


def near_groups(groups: Indices, small: Pixels, watch: Watch | None = None) -> Indices:
    """Join groups of exact duplicates that are nearly the same.

    Args:
        groups: int64 (N,), from `exact_groups`.
        small: uint8 (N, 16, 16) or (N, 16, 16, 3), thumbnails.
        watch: Takes how far the search is; each image is compared in several tables.

    Returns:
        int64 (N,), the index of the first image of the group.
    """
    joined = scratch(groups.shape, np.int64)
    joined[:] = groups
    search = _Search(joined, small.reshape(len(small), math.prod(small.shape[1:])))
    advance = watch("comparing", TABLES * search.count) if watch else None
    for key in search.keys:
        search.compare(key, advance)
    for start in range(0, len(joined), AT_ONCE):
        joined[start : start + AT_ONCE] = _roots(joined, joined[start : start + AT_ONCE])
    return joined


class _Search:
    """Compares the first image of each group with others.

    Args:
        joined: int64 (N,), for each image one before it in its group, or itself; changed in place.
        small: uint8 (N, D), thumbnails.
    """

    def __init__(self, joined: Indices, small: Pixels) -> None:
        self.joined, self.small = joined, small
        self.first_ones = _first_ones(joined)  # int64 (M,)
        self.count = len(self.first_ones) if len(self.first_ones) > 1 else 0
        self.keys = scratch((TABLES if self.count else 0, self.count), np.int32)
        self.codes = scratch((self.count,), np.uint64)  # 64 signs
        self.statistics = scratch((self.count, 2), np.float32)  # mean and standard deviation
        self.order = scratch((self.count,), np.int64)
        if self.count:
            self._hash()

    def _hash(self) -> None:
        """Signs of random projections: a number for each table, and 64 of them as bits."""
        directions = np.random.default_rng(0).standard_normal((self.small.shape[1], TABLES * BITS)).astype(np.float32)
        sample = np.linspace(0, self.count - 1, min(self.count, SAMPLE)).astype(np.int64)
        centre = self.small[self.first_ones[sample]].mean(axis=0, dtype=np.float32)
        # float32 holds whole numbers up to 2 ** 24, and its products are fast.
        powers = (2.0 ** np.arange(BITS)).astype(np.float32)
        middle, spread = centre.mean(), max(float(centre.std()), FLAT)
        for start in range(0, self.count, ROWS):
            part = slice(start, start + ROWS)
            small = self.small[self.first_ones[part]]
            self.statistics[part, 0] = small.mean(axis=1, dtype=np.float32)
            self.statistics[part, 1] = small.std(axis=1, dtype=np.float32)
            mean, std = self.statistics[part].T[:, :, None]
            values = (small - mean) / np.maximum(std, FLAT) - (centre - middle) / spread
            signs = values @ directions > 0
            self.codes[part] = np.packbits(signs[:, :64], axis=1).view(np.uint64)[:, 0]
            self.keys[:, part] = (signs.reshape(-1, BITS).astype(np.float32) @ powers).reshape(-1, TABLES).T

    def compare(self, key: NDArray[np.int32], advance: Callable[[int], Any] | None) -> None:
        """Compare images that have equal numbers in a table, and join those that are nearly the same."""
        order = self.order
        for start in range(0, self.count, AT_ONCE):  # by number, then by index: whole numbers sort fast, and in place
            part = slice(start, min(start + AT_ONCE, self.count))
            order[part] = key[part].astype(np.int64) << 32 | np.arange(part.start, part.stop)
        order.sort()
        step = TILE * TILES
        for start in range(0, self.count, step):
            block = order[start : start + step + NEIGHBOURS]
            self._compare_block(block >> 32, block & INDEX)
            if advance:
                advance(min(step, self.count - start))

    def _compare_block(self, keys: Indices, images: Indices) -> None:
        """Compare each image of a block, but for the last NEIGHBOURS, with the NEIGHBOURS that follow it."""
        codes, roots = self.codes[images], _roots(self.joined, self.first_ones[images])
        pairs = []
        for distance in range(1, NEIGHBOURS + 1):
            one, other = slice(0, max(0, len(keys) - distance)), slice(distance, None)
            same = keys[one] == keys[other]
            if not same.any():
                break
            a = np.flatnonzero(same & (roots[one] != roots[other]))
            a = a[_bit_counts(codes[a] ^ codes[a + distance]) <= DIFFERENT]
            pairs.append(np.stack([a, a + distance]))
        if not sum(each.shape[1] for each in pairs):
            return
        a, b = self._may_be_near(images, np.concatenate(pairs, axis=1))
        near = self._are_near(images[a], images[b])
        _join(self.joined, roots[a[near]], roots[b[near]])

    def _may_be_near(self, images: Indices, pairs: Indices) -> Indices:
        """Those of some pairs of images of a block, int64 (2, M), that correlate by CLOSE_ALIKE, up to rounding."""
        a, b = pairs
        small = self.small[self.first_ones[images]].astype(np.float32)
        mean, std = self.statistics[images].T
        covariance = _products(small)[a, b - a] / small.shape[1] - mean[a] * mean[b]
        return pairs[:, covariance >= (CLOSE_ALIKE - ROUNDING) * np.maximum(std[a] * std[b], FLAT**2)]

    def _are_near(self, a: Indices, b: Indices) -> NDArray[np.bool_]:
        """Whether the images a[i] and b[i] are nearly the same, bool (M,)."""
        one, other = (self.small[self.first_ones[each]].astype(np.float32) for each in (a, b))
        products = np.einsum("ij,ij->i", one, other) / self.small.shape[1]
        (mean_a, std_a), (mean_b, std_b) = self.statistics[a].T, self.statistics[b].T
        covariance = products - mean_a * mean_b
        alike = covariance / np.maximum(std_a * std_b, FLAT**2)
        squares = std_a**2 + std_b**2 - 2 * covariance + (mean_a - mean_b) ** 2
        shows = np.minimum(std_a, std_b) >= FLAT
        near: NDArray[np.bool_] = shows & ((alike >= ALIKE) | ((alike >= CLOSE_ALIKE) & (squares <= CLOSE**2)))
        return near


def _first_ones(groups: Indices) -> Indices:
    """The images that are the first of their group, ascending."""
    are_first = scratch(groups.shape, np.bool_)
    for start in range(0, len(groups), AT_ONCE):
        part = slice(start, min(start + AT_ONCE, len(groups)))
        are_first[part] = groups[part] == np.arange(part.start, part.stop)
    return positions(are_first)


def _products(rows: Floats) -> Floats:
    """The scalar products of each row (N, D) with itself and the NEIGHBOURS that follow it, (at least N, 1 + NEIGHBOURS).

    Matrices of some rows are multiplied, of whose products a band is taken: faster than to take the pairs one by one.
    """
    num_tiles = -(-len(rows) // TILE)
    padded = np.zeros((num_tiles * TILE + NEIGHBOURS, rows.shape[1]), np.float32)
    padded[: len(rows)] = rows
    windows = np.lib.stride_tricks.sliding_window_view(padded, (TILE + NEIGHBOURS, rows.shape[1]))[::TILE, 0]
    products = windows[:, :TILE] @ windows.transpose(0, 2, 1)  # (num_tiles, TILE, TILE + NEIGHBOURS)
    tile, row, column = products.strides
    band = np.lib.stride_tricks.as_strided(
        products, (num_tiles, TILE, 1 + NEIGHBOURS), (tile, row + column, column), writeable=False
    )
    return band.reshape(-1, 1 + NEIGHBOURS)


def _roots(joined: Indices, indices: Indices) -> Indices:
    """The first image of the group of each image, (M,); the way to it becomes short."""
    roots = joined[indices]
    while not np.array_equal(above := joined[roots], roots):
        roots = above
    joined[indices] = roots
    return roots


def _join(joined: Indices, a: Indices, b: Indices) -> None:
    """Join the groups of each pair of images: the first image of both becomes that of one."""
    while len(a):
        one, other = _roots(joined, a), _roots(joined, b)
        apart = one != other
        a, b = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
        joined[b] = a  # of several pairs with one b the last counts, the others are looked at again


def _bit_counts(codes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """How many bits of each number are 1."""
    if hasattr(np, "bitwise_count"):
        counts: NDArray[np.uint8] = np.bitwise_count(codes)
        return counts
    of_parts: NDArray[np.uint8] = BIT_COUNTS[codes.view(np.uint16).reshape(-1, 4)].sum(axis=1, dtype=np.uint8)
    return of_parts
