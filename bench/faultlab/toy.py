"""A small data set made from a seed, which stands in lenet's catalogue meanwhile and is fetched quickly."""

import dataclasses
import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lenet.data import idx
from lenet.data.catalogue import CATALOGUE
from lenet.data.entry import Entry, File


def make(num_train: int = 600, num_test: int = 100, seed: int = 3, size: tuple[int, int] = (28, 28)) -> list[bytes]:
    """The four raw files, of noise, so that compressed ones are as large."""
    random = np.random.RandomState(seed)
    shapes = ((num_train, *size), (num_train,), (num_test, *size), (num_test,))
    return [idx.dump(random.randint(0, 256 if len(shape) == 3 else 10, shape).astype(np.uint8)) for shape in shapes]


def pack(contents: list[bytes]) -> dict[str, bytes]:
    """The files as a source serves them, by name."""
    names = [f"{file.name}.gz" for file in CATALOGUE["mnist"].files]
    return {name: gzip.compress(content, 1, mtime=0) for name, content in zip(names, contents, strict=True)}


def describe(contents: list[bytes], *sources: str) -> Entry:
    """The entry of the catalogue for those files."""
    a, b, c, d = (
        File(file.name, _shape(content, len(file.shape)), len(packed), hashlib.sha256(content).hexdigest())
        for file, content, packed in zip(CATALOGUE["mnist"].files, contents, pack(contents).values(), strict=True)
    )
    return dataclasses.replace(
        CATALOGUE["mnist"], name="toy", title="Toy", folder="Toy", sources=sources, files=(a, b, c, d)
    )


def _shape(content: bytes, num_dimensions: int) -> tuple[int, ...]:
    return idx.parse(content, num_dimensions, "a toy").shape


@contextmanager
def known(entry: Entry, cache: Path) -> Iterator[None]:
    """Puts the entry into the catalogue, uses that folder as the cache, and bypasses proxies."""
    before = {name: os.environ.get(name) for name in ("LENET_CACHE", "no_proxy")}
    os.environ.update(LENET_CACHE=str(cache), no_proxy="*")
    CATALOGUE[entry.name] = entry
    try:
        yield
    finally:
        del CATALOGUE[entry.name]
        for name, text in before.items():
            if text is None:
                del os.environ[name]
            else:
                os.environ[name] = text
