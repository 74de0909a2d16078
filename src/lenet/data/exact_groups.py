"""Groups of equal hashes among any number: sorted in place in a file, then compared where they may be equal."""

import numpy as np
from numpy.typing import NDArray

from lenet.data.mapped import scratch

AT_ONCE = 1 << 18  # hashes compared at a time


def exact_groups(hashes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return, for each hash, the index of the first equal one.

    Needs 16 bytes for each hash, which lie in a file of the cache if they are many, and a constant amount of memory.

    Args:
        hashes: uint8 (N, 16).

    Returns:
        int64 (N,).
    """
    count = len(hashes)
    words = np.ascontiguousarray(hashes).view(np.uint64)  # (N, 2)
    bits = np.uint64(max(1, (count - 1).bit_length()))
    order, groups = scratch((count,), np.uint64), scratch((count,), np.int64)
    for start in range(0, count, AT_ONCE):  # the first bits of a hash, then its index
        indices = np.arange(start, min(start + AT_ONCE, count))
        order[start : start + AT_ONCE] = words[indices, 0] >> bits << bits | indices.astype(np.uint64)
        groups[start : start + AT_ONCE] = indices
    order.sort()
    before = order[:0]
    for start in range(0, count, AT_ONCE):
        entries = np.concatenate([before, order[start : start + AT_ONCE]])
        before = _group(entries, words, bits, groups)
    return groups


def _group(
    entries: NDArray[np.uint64], words: NDArray[np.uint64], bits: np.uint64, groups: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Note the groups among sorted entries; return those that equal hashes in the following ones may belong to."""
    starts = entries >> bits
    indices = (entries & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    is_like_next = starts[1:] == starts[:-1]
    may_be_equal = np.append(is_like_next, False) | np.append(False, is_like_next)
    some = indices[may_be_equal]
    order = np.lexsort(words[some].T)  # stable, so the first of equal hashes stays the first
    some = some[order]
    keys = words[some]
    is_first = np.append(True, (keys[1:] != keys[:-1]).any(axis=1))[: len(some)]
    groups[some] = some[is_first][np.cumsum(is_first) - 1]
    last = starts == starts[-1]
    is_group = groups[indices[last]] == indices[last]
    of_last: NDArray[np.uint64] = entries[last][is_group]
    return of_last
