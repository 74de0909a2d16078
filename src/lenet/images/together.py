"""Many image files as the network is to see them: what `Preprocessing.apply` makes of each, in less time.

What small images take is mostly the calls of NumPy and not the pixels, so each call is made for several images.
"""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TypeAlias

import numpy as np

from lenet.errors import LenetError
from lenet.images.as_they_are import as_they_are
from lenet.images.fit import brought_together, with_channels
from lenet.images.pixels import Pixels
from lenet.images.preprocess import WHOLE, Preprocessing

TOGETHER = 1 << 16  # numbers of whole images that are brought to the size at once: their sums stay in a core's cache

Seen: TypeAlias = "Pixels | LenetError"


def apply_together(
    sources: Sequence[bytes | LenetError], names: Sequence[str], preprocessing: Preprocessing
) -> list[Seen]:
    """Make image files into what the network sees.

    Args:
        sources: the content of each file, or why it could not be read.
        names: what errors call them.
        preprocessing: the network's.

    Returns:
        Of each uint8 of the network's size, as `preprocessing.apply` makes it, or the error that it raises.
    """
    decoded = [_decoded(source, name, preprocessing) for source, name in zip(sources, names, strict=True)]
    if preprocessing.framing == WHOLE:
        return _whole(decoded, preprocessing)
    return _framed(decoded, names, preprocessing)


def _decoded(source: bytes | LenetError, name: str, preprocessing: Preprocessing) -> Seen:
    if isinstance(source, LenetError):
        return source
    try:
        pixels = preprocessing.decoded(source, name)
    except LenetError as error:
        return error
    return with_channels(pixels, preprocessing.channels) if preprocessing.framing == WHOLE else pixels


def _shape(each: Seen) -> tuple[int, ...]:
    return () if isinstance(each, LenetError) else each.shape


def _whole(decoded: list[Seen], preprocessing: Preprocessing) -> list[Seen]:
    """Whole images, neighbours of one size together."""
    seen = list(decoded)
    places = [place for place, each in enumerate(decoded) if isinstance(each, np.ndarray)]
    for shape, alike in groupby(places, key=lambda place: _shape(decoded[place])):
        group, step = list(alike), max(1, TOGETHER // math.prod(shape))
        for start in range(0, len(group), step):
            some = group[start : start + step]
            images = np.stack([np.asarray(decoded[place]) for place in some])
            for place, image in zip(some, brought_together(images, preprocessing.size, preprocessing.fit), strict=True):
                seen[place] = image
    return seen


def _framed(decoded: list[Seen], names: Sequence[str], preprocessing: Preprocessing) -> list[Seen]:
    """Images that go in as they are together, the others one by one."""
    seen = list(decoded)
    small = [place for place, each in enumerate(decoded) if _shape(each) == preprocessing.size]
    ready = set[int]()
    if small:
        found = as_they_are(np.stack([np.asarray(decoded[place]) for place in small]), preprocessing)
        ready = {place for place, is_ready in zip(small, found.is_ready, strict=True) if is_ready}
        for place, image in zip(small, found.seen, strict=True):
            if place in ready:
                seen[place] = image
    for place, pixels in enumerate(decoded):
        if place not in ready and not isinstance(pixels, LenetError):
            try:
                seen[place] = preprocessing.framed(pixels, names[place]).seen
            except LenetError as error:
                seen[place] = error
    return seen
